import { setMaxListeners } from 'node:events';
import type { InstanceEnd } from '../../provisioner/session-provisioner.ts';
import { retry } from '../retry.ts';
import type { SessionServices } from '../session-services.ts';
import { writeTermination } from './record.ts';

export interface TerminationWatch {
  /** Stops watching; resolves when the ends seen so far are recorded or cannot be. */
  stop(): Promise<void>;
}

/**
 * Some three minutes, in which a create is over too: a store that is away for longer has its rows
 * repaired later, from the instances that are missing.
 */
const delaysMs = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000];

/** Records the end of every instance, of whatever cause, in the row of its session. */
export function watchTerminations(
  services: Pick<SessionServices, 'store' | 'provisioner' | 'metrics' | 'logger' | 'now'>,
): TerminationWatch {
  const { store, provisioner, metrics, logger, now } = services;
  const recordings = new Set<Promise<void>>();
  const stopping = new AbortController();
  // Each recording that waits for its next try listens.
  setMaxListeners(0, stopping.signal);

  const record = async ({ sessionId, instanceId, reason, detail }: InstanceEnd) => {
    if (!sessionId) return;
    const cause = { reason, ...(detail && { detail }) };
    const fields = { session_id: sessionId, instance_id: instanceId };
    const recordOnce = async (failures: number) => {
      const { terminal, isNew } = await writeTermination({
        store,
        metrics,
        now,
        sessionId,
        instanceId,
        cause,
      });
      // Every control-plane is notified, and the one that records it releases the quota; after a
      // failure that may have been this one.
      if (terminal && (isNew || failures > 0))
        await store.removeLive(terminal.tenant_id, sessionId);
      return terminal;
    };
    try {
      const terminal = await retry(recordOnce, delaysMs, stopping.signal);
      const { end_reason, end_detail } = terminal ?? {};
      // The row has less of the detail than the log.
      if (terminal)
        logger.info(
          { ...fields, end_reason, end_detail, reason: { reason, detail } },
          'session terminated',
        );
    } catch (err) {
      logger.error({ ...fields, err, end_reason: reason }, 'could not record a termination');
      // Not acknowledged: the provisioner delivers it again.
      throw err;
    }
  };

  const stopWatching = provisioner.watch((end) => {
    const recording = record(end).finally(() => recordings.delete(recording));
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
