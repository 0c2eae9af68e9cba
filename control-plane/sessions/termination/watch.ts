import { setMaxListeners } from 'node:events';
import type { InstanceEnd } from '../../provisioner/session-provisioner.ts';
import { retry } from '../retry.ts';
import type { SessionServices } from '../session-services.ts';
import { writeTermination } from './record.ts';

export interface TerminationWatch {
  /** Stops watching. Resolves when the received ends are recorded or have failed to be recorded. */
  stop(): Promise<void>;
}

/**
 * About three minutes, which is longer than a create takes. If the store is unavailable for longer,
 * the reconciler repairs the rows later, because it misses the instances.
 */
export const recordDelaysMs = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000,
];

type WatchServices = Pick<
  SessionServices,
  'store' | 'provisioner' | 'metrics' | 'logger' | 'clock'
>;

/** Records the end of every instance in the row of its session, whatever the cause. */
export function watchTerminations(services: WatchServices): TerminationWatch {
  const stopping = new AbortController();
  // Every recording that waits for its next retry adds a listener.
  setMaxListeners(0, stopping.signal);
  const recordings = new Set<Promise<void>>();
  const stopWatching = services.provisioner.watch((end) => {
    const recording = recordUntilDone(services, end, stopping.signal).finally(() =>
      recordings.delete(recording),
    );
    recordings.add(recording);
    return recording;
  });
  return {
    async stop() {
      stopWatching();
      stopping.abort();
      await Promise.allSettled(recordings);
    },
  };
}

/** @throws what prevents the end from being recorded, after logging it. */
async function recordUntilDone(
  services: WatchServices,
  { sessionId, instanceId, reason, detail }: InstanceEnd,
  signal: AbortSignal,
): Promise<void> {
  if (!sessionId) return;
  const { store, logger, clock } = services;
  const termination = { sessionId, instanceId, cause: { reason, ...(detail && { detail }) } };
  const fields = { session_id: sessionId, instance_id: instanceId };
  const recordOnce = async (failures: number) => {
    const { terminal, isNew } = await writeTermination(services, termination);
    // Every control-plane is notified, and only the one that records the end releases the quota.
    // After a failure, this control-plane may have written the record without knowing.
    if (terminal && (isNew || failures > 0)) await store.removeLive(terminal.tenant_id, sessionId);
    return terminal;
  };
  try {
    const terminal = await retry(recordOnce, { clock, delaysMs: recordDelaysMs, signal });
    if (!terminal) return;
    const { end_reason, end_detail } = terminal;
    // The row has only a shortened detail, so the log has all of it.
    const ended = { ...fields, end_reason, end_detail, reason: { reason, detail } };
    logger.info(ended, 'session terminated');
  } catch (err) {
    logger.error({ ...fields, err, end_reason: reason }, 'could not record a termination');
    // A rejected end is not acknowledged, so the provisioner delivers it again.
    throw err;
  }
}
