import { RouteStoreCorrupt, RouteStoreThrottled, RouteStoreUnavailable } from '@steppe/route-store/errors';
import type { Logger } from '@steppe/service-kit/logger';
import pLimit from 'p-limit';
import { isOver, type LiveRecord } from '../sessions/end-cause.ts';
import type { Act, Rules } from './acts.ts';
import { type ActServices, carryOut } from './carry-out.ts';
import { judgePooled, type PresentRuntimes } from './judge-pooled.ts';
import { judgeSession } from './judge-session.ts';
import { observe, type SweptSession } from './observe.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

export interface ReconcilerServices extends ActServices, PresentRuntimes {
  logger: Logger;
  reconcilerMetrics: ReconcilerMetrics;
}

const actsAtOnce = 8;
/** A store that refuses this often in a row is out: the pass stops, and the next one does what is left. */
const patience = 3;

/**
 * One pass: brings rows, instances and quotas together wherever they differ. Idempotent; any number of passes at once do no harm.
 * @returns whether all was done: an act that fails is logged and left to the next pass.
 * @throws what the store throws when it is out, the provisioner where it cannot list, and the signal's reason between two acts.
 */
export async function reconcile(services: ReconcilerServices, signal: AbortSignal): Promise<'complete' | 'incomplete'> {
  const { now, rules, logger, missing, reconcilerMetrics } = services;
  const { sessions, pooled, corrupt } = await observe(services, signal);
  const rows = sessions.flatMap(({ row }) => row ?? []);
  reconcilerMetrics.observed({ rows, corrupt: 0 });
  const unreadable = new Set<string>();
  const report = (err: RouteStoreCorrupt) => {
    if (unreadable.has(err.itemKey)) return;
    unreadable.add(err.itemKey);
    reconcilerMetrics.observed({ rows, corrupt: unreadable.size });
    logger.error({ err, item: err.itemKey }, 'an item cannot be read; whatever it is about stays as it is');
  };
  corrupt.forEach(report);
  missing.keepOnly(new Set(rows.flatMap(({ instance_id }) => instance_id ?? [])));
  const nowMs = now();
  const suspects = sessions.filter((session) => judgeSession(session, nowMs, rules).length > 0);
  const tasks = [
    ...suspects.map((swept) => () => settle(services, swept)),
    ...pooled.flatMap((instance) => judgePooled(instance, services, nowMs, rules)).map((act) => () => perform(services, act)),
  ];
  return runAll(tasks, report, signal);
}

/** Judges again on the row as it is now: the index may be behind the table. Acts on that row alone. */
async function settle(services: ReconcilerServices, swept: SweptSession): Promise<void> {
  const { store, now, rules } = services;
  const { sessionId } = swept;
  const row = await store.get(sessionId, { consistent: true });
  if (row !== null && !isOver(row) && row.version !== swept.row?.version) {
    // It was written since: the instances were not listed after that, and nothing can be said of it in this pass.
    if (swept.row !== null || !isSettled(row, now(), rules)) return;
    return perform(services, { kind: 'index_row', because: 'not_indexed', sessionId, row });
  }
  for (const act of judgeSession({ ...swept, row }, now(), rules)) await perform(services, { ...act, sessionId });
}

/** No create has it in hand any more, and the index has had the time to show it: an older version wrote it last. */
const isSettled = ({ created_at }: LiveRecord, nowMs: number, { provisioningMs, graceMs }: Rules): boolean =>
  nowMs - Date.parse(created_at) > provisioningMs + graceMs;

async function perform(services: ReconcilerServices, act: Act): Promise<void> {
  const { logger, reconcilerMetrics } = services;
  const fields = {
    act: act.kind,
    because: act.because,
    ...('sessionId' in act && { session_id: act.sessionId }),
    ...('instanceId' in act && { instance_id: act.instanceId }),
  };
  try {
    const outcome = await carryOut(services, act);
    reconcilerMetrics.acted(act, outcome);
    logger.info({ ...fields, outcome }, 'reconciled');
  } catch (err) {
    reconcilerMetrics.acted(act, 'failed');
    logger.warn({ ...fields, err }, 'could not reconcile; the next pass tries again');
    throw err;
  }
}

/** One task that fails does not keep the others from being done. */
async function runAll(
  tasks: readonly (() => Promise<void>)[],
  report: (err: RouteStoreCorrupt) => void,
  signal: AbortSignal,
): Promise<'complete' | 'incomplete'> {
  const limit = pLimit(actsAtOnce);
  let outcome: 'complete' | 'incomplete' = 'complete';
  let refusals: unknown[] = [];
  const run = async (task: () => Promise<void>) => {
    signal.throwIfAborted();
    if (refusals.length >= patience) throw refusals.at(-1);
    try {
      await task();
      refusals = [];
    } catch (err) {
      // The next pass could do no more about it. The index shows less than the row: what is wrong may be seen here first.
      if (err instanceof RouteStoreCorrupt) return report(err);
      outcome = 'incomplete';
      if (err instanceof RouteStoreUnavailable || err instanceof RouteStoreThrottled) refusals.push(err);
    }
  };
  const results = await Promise.allSettled(tasks.map((task) => limit(() => run(task))));
  const stopped = results.find((result) => result.status === 'rejected');
  if (stopped) throw stopped.reason;
  return outcome;
}
