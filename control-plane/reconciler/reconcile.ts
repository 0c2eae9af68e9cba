import type { Ids } from '@steppe/contracts/ids';
import type { Logger } from '@steppe/service-kit/process/logger';
import {
  SessionStoreCorruptError,
  SessionStoreThrottledError,
  SessionStoreUnavailableError,
} from '@steppe/session-store/errors';
import pLimit from 'p-limit';
import { isTerminal, type LiveRecord } from '../sessions/termination/cause.ts';
import type { Action, Rules } from './actions.ts';
import { type ActionServices, applyAction } from './apply-action.ts';
import { inParts } from './in-parts.ts';
import { observe, type SweptSession } from './observe.ts';
import {
  type PresentRuntimes,
  planPooledActions,
  planSurplusActions,
} from './plan-pooled-actions.ts';
import { planSessionActions } from './plan-session-actions.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

export interface ReconcilerServices extends ActionServices, PresentRuntimes {
  logger: Logger;
  ids: Ids;
  reconcilerMetrics: ReconcilerMetrics;
}

const concurrentActions = 8;
/**
 * A store that refuses this many times in a row is unavailable: the pass stops, and the next one
 * does what is left.
 */
const maxConsecutiveRefusals = 3;

/**
 * One pass: makes rows, instances and quotas agree again. Idempotent, and safe to run concurrently.
 * @returns whether every action succeeded. A failed action is logged and left to the next pass.
 * @throws what the store throws if it is unavailable, what the provisioner throws if it cannot
 * list, and the signal's reason between two actions.
 */
export async function reconcile(
  services: ReconcilerServices,
  signal: AbortSignal,
): Promise<'complete' | 'incomplete'> {
  const { clock, rules, logger, missing, reconcilerMetrics } = services;
  const { sessions, pooled, corrupt } = await observe(services, signal);
  const rows = sessions.flatMap(({ row }) => row ?? []);
  reconcilerMetrics.observed({ rows, corrupt: 0 });
  const unreadable = new Set<string>();
  const report = (err: SessionStoreCorruptError) => {
    if (unreadable.has(err.itemKey)) return;
    unreadable.add(err.itemKey);
    reconcilerMetrics.observed({ rows, corrupt: unreadable.size });
    logger.error({ err, item: err.itemKey }, 'unreadable item skipped');
  };
  corrupt.forEach(report);
  missing.keepOnly(new Set(rows.flatMap(({ instance_id }) => instance_id ?? [])));
  const nowMs = clock.now();
  const suspects: SweptSession[] = [];
  await inParts(sessions, signal, (session) => {
    if (planSessionActions(session, nowMs, rules).length > 0) suspects.push(session);
  });
  const tasks = [
    ...suspects.map((swept) => () => settle(services, swept)),
    ...[
      ...pooled.flatMap((instance) => planPooledActions(instance, services, nowMs, rules)),
      ...planSurplusActions(pooled, services, nowMs, rules),
    ].map((action) => () => perform(services, action)),
  ];
  return runAll(tasks, report, signal);
}

/**
 * Plans again with the current row, because the index may be behind the table. The other facts stay
 * as the sweep saw them.
 */
async function settle(services: ReconcilerServices, swept: SweptSession): Promise<void> {
  const { store, clock, rules } = services;
  const { sessionId } = swept;
  const row = await store.get(sessionId, { consistent: true });
  if (row !== null && !isTerminal(row) && row.version !== swept.row?.version) {
    // The row was written after the sweep, and the instances were not listed after that write: this
    // pass cannot decide anything about the session.
    if (swept.row !== null || !isSettled(row, clock.now(), rules)) return;
    return perform(services, { kind: 'index_row', reason: 'not_indexed', sessionId, row });
  }
  for (const action of planSessionActions({ ...swept, row }, clock.now(), rules))
    await perform(services, { ...action, sessionId });
}

/**
 * True if no create can still be working on the row and the index had the time to show it. An older
 * version of this program, which does not index its rows, then wrote it last.
 */
const isSettled = (
  { created_at }: LiveRecord,
  nowMs: number,
  { provisioningMs, graceMs }: Rules,
): boolean => nowMs - Date.parse(created_at) > provisioningMs + graceMs;

async function perform(services: ReconcilerServices, action: Action): Promise<void> {
  const { logger, reconcilerMetrics } = services;
  const fields = {
    action: action.kind,
    reason: action.reason,
    ...('sessionId' in action && { session_id: action.sessionId }),
    ...('instanceId' in action && { instance_id: action.instanceId }),
  };
  try {
    const outcome = await applyAction(services, action);
    reconcilerMetrics.applied(action, outcome);
    logger.info({ ...fields, outcome }, 'reconciled');
  } catch (err) {
    reconcilerMetrics.applied(action, 'failed');
    logger.warn({ ...fields, err }, 'reconcile action failed; the next pass retries');
    throw err;
  }
}

/** Runs every task, even if some of them fail. */
async function runAll(
  tasks: readonly (() => Promise<void>)[],
  report: (err: SessionStoreCorruptError) => void,
  signal: AbortSignal,
): Promise<'complete' | 'incomplete'> {
  const limit = pLimit(concurrentActions);
  let outcome: 'complete' | 'incomplete' = 'complete';
  let refusals: unknown[] = [];
  const run = async (task: () => Promise<void>) => {
    signal.throwIfAborted();
    if (refusals.length >= maxConsecutiveRefusals) throw refusals.at(-1);
    try {
      await task();
      refusals = [];
    } catch (err) {
      // A retry could not repair a corrupt row, so it does not count as a failure. The index shows
      // only a part of the row: this read may be the first to see that it is corrupt.
      if (err instanceof SessionStoreCorruptError) return report(err);
      outcome = 'incomplete';
      if (err instanceof SessionStoreUnavailableError || err instanceof SessionStoreThrottledError)
        refusals.push(err);
    }
  };
  const results = await Promise.allSettled(tasks.map((task) => limit(() => run(task))));
  const stopped = results.find((result) => result.status === 'rejected');
  if (stopped) throw stopped.reason;
  return outcome;
}
