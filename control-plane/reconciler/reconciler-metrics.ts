import type { SessionRecord } from '@steppe/contracts/session-record';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Action } from './actions.ts';
import type { Outcome } from './apply-action.ts';

const liveStates = ['provisioning', 'ready'] as const;

/**
 * `failed`: the store is unavailable, or the instances cannot be listed. `interrupted`: the lease
 * was lost, or this process closes.
 */
export type PassOutcome = 'complete' | 'incomplete' | 'failed' | 'interrupted';

export interface ReconcilerMetrics {
  /** Reports what a sweep saw. */
  observed(seen: { rows: readonly Pick<SessionRecord, 'state'>[]; corrupt: number }): void;
  applied(action: Pick<Action, 'kind' | 'reason'>, outcome: Outcome | 'failed'): void;
  passed(outcome: PassOutcome, pass: { endedAtMs: number; durationMs: number }): void;
  /** Another process holds the lease: what this one saw is outdated. */
  standingBy(): void;
}

export function createReconcilerMetrics(registry: Registry): ReconcilerMetrics {
  const registers = [registry];
  const live = new Gauge({
    name: 'steppe_sessions_live',
    help: 'Live sessions by state in the last sweep; only the replica that reconciles reports them.',
    labelNames: ['state'],
    registers,
  });
  const corrupt = new Gauge({
    name: 'steppe_reconciler_corrupt_items',
    help: 'Items of the table that the last sweep could not read; only the replica that reconciles reports them.',
    registers,
  });
  const actions = new Counter({
    name: 'steppe_reconciler_actions_total',
    help: 'Reconciler actions by action, reason and outcome (done, noop, deferred, failed).',
    labelNames: ['action', 'reason', 'outcome'],
    registers,
  });
  const passes = new Counter({
    name: 'steppe_reconciler_passes_total',
    help: 'Reconciler passes by outcome (complete; incomplete: an action failed; failed; interrupted).',
    labelNames: ['outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'steppe_reconciler_pass_duration_seconds',
    help: 'Duration of reconciler passes; it grows with the number of live sessions.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'steppe_reconciler_last_success_timestamp_seconds',
    help: 'Unix time at which the last complete pass ended; 0 if this replica has not completed one.',
    registers,
  });
  return {
    observed({ rows, corrupt: items }) {
      for (const state of liveStates)
        live.set({ state }, rows.filter((row) => row.state === state).length);
      corrupt.set(items);
    },
    applied: ({ kind, reason }, outcome) => actions.inc({ action: kind, reason: reason, outcome }),
    passed(outcome, { endedAtMs, durationMs }) {
      passes.inc({ outcome });
      duration.observe(durationMs / 1000);
      if (outcome === 'complete') lastSuccess.set(endedAtMs / 1000);
    },
    standingBy() {
      live.reset();
      corrupt.reset();
    },
  };
}
