import { setMaxListeners } from 'node:events';
import type { InstanceEnd } from '../provisioner/session-provisioner.ts';
import { writeEnd } from './record-end.ts';
import { retry } from './retry.ts';
import type { SessionServices } from './session-services.ts';

export interface EndWatch {
  /** Hears no further ends, and resolves when those that it heard are recorded or cannot be. */
  stop(): Promise<void>;
}

/**
 * Some three minutes, in which a create is over too: a store that is away for longer has the rows put right later, from the
 * instances that are missing.
 */
const delaysMs = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000];

/** Records the end of every instance, of whatever cause, in the row of its session. */
export function watchEnds(services: Pick<SessionServices, 'store' | 'provisioner' | 'metrics' | 'logger' | 'now'>): EndWatch {
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
      const { over, isNew } = await writeEnd({ store, metrics, now, sessionId, instanceId, cause });
      // Each control-plane hears of it, and whoever records it sees to the quota; after a failure that may have been this one.
      if (over && (isNew || failures > 0)) await store.removeLive(over.tenant_id, sessionId);
      return over;
    };
    try {
      const over = await retry(recordOnce, delaysMs, stopping.signal);
      const { end_reason, end_detail } = over ?? {};
      // The row has less of the detail than the log.
      if (over) logger.info({ ...fields, end_reason, end_detail, because: { reason, detail } }, 'session over');
    } catch (err) {
      logger.error({ ...fields, err, end_reason: reason }, 'could not record an end');
    }
  };

  const stopWatching = provisioner.watch((end) => {
    const recording = record(end).finally(() => recordings.delete(recording));
    recordings.add(recording);
  });
  return {
    async stop() {
      stopWatching();
      stopping.abort();
      await Promise.all(recordings);
    },
  };
}
