import type { SessionId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { SessionStore } from '@steppe/session-store/ports';
import type { SessionMetrics } from '../../sessions/session-metrics.ts';
import { recordTermination } from '../../sessions/termination/record.ts';

/** What an uninstallation changes in the cluster. */
export interface InstalledCluster {
  /** Stops the control-plane, which would create sessions and warm instances again. */
  stopControlPlane(): Promise<void>;
  countControlPlanes(): Promise<number>;
  /** Deletes the pods and services of all instances. @returns how many it found. */
  removeInstances(): Promise<number>;
}

export interface EndSessionsParts {
  cluster: InstalledCluster;
  store: SessionStore;
  metrics: SessionMetrics;
  clock: Clock;
  logger: Logger;
}

const lookEveryMs = 500;
const cause = { reason: 'deleted', detail: 'Steppe was uninstalled' } as const;

/**
 * Ends every session, each in the table before its instance is deleted. Idempotent.
 * @returns how many sessions it ended.
 */
export async function endSessions(parts: EndSessionsParts, signal: AbortSignal): Promise<number> {
  const { cluster, clock, logger } = parts;
  await cluster.stopControlPlane();
  while ((await cluster.countControlPlanes()) > 0) await clock.sleep(lookEveryMs, signal);
  const ended = new Set<SessionId>();
  for (;;) {
    const rows = await endRows(parts, ended);
    const instances = await cluster.removeInstances();
    // The index of live rows lags behind the table: the last sweep has to find none.
    if (rows === 0 && instances === 0) return ended.size;
    logger.info({ ended: ended.size, instances }, 'ending sessions');
    await clock.sleep(lookEveryMs, signal);
  }
}

async function endRows(
  { store, metrics, clock }: EndSessionsParts,
  ended: Set<SessionId>,
): Promise<number> {
  let found = 0;
  for await (const item of store.sweep()) {
    if (item.kind === 'session') {
      found += 1;
      const sessionId = item.entry.session_id;
      if (await recordTermination({ store, metrics, clock }, { sessionId, cause }))
        ended.add(sessionId);
    } else if (item.kind === 'live_set') {
      for (const sessionId of item.sessionIds) await store.removeLive(item.tenantId, sessionId);
    }
  }
  return found;
}
