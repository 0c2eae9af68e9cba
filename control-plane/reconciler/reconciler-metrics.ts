import type { SessionRecord } from '@steppe/contracts/session-record';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Act } from './acts.ts';
import type { Outcome } from './carry-out.ts';

const liveStates = ['provisioning', 'ready'] as const;

/** `failed`: the store is out, or the instances cannot be listed. `interrupted`: the lease is lost, or this process closes. */
export type PassOutcome = 'complete' | 'incomplete' | 'failed' | 'interrupted';

export interface ReconcilerMetrics {
  /** What a sweep saw. */
  observed(seen: { rows: readonly Pick<SessionRecord, 'state'>[]; corrupt: number }): void;
  acted(act: Pick<Act, 'kind' | 'because'>, outcome: Outcome | 'failed'): void;
  passed(outcome: PassOutcome, nowMs: number): void;
  /** Another process has the lease: what this one saw is no longer how things are. */
  stoodBy(): void;
}

export function createReconcilerMetrics(registry: Registry): ReconcilerMetrics {
  const registers = [registry];
  const live = new Gauge({
    name: 'steppe_sessions_live',
    help: 'Sessions that are not over, by state, as the reconciler counted them last; told by the one replica that reconciles.',
    labelNames: ['state'],
    registers,
  });
  const corrupt = new Gauge({
    name: 'steppe_reconciler_corrupt_items',
    help: 'Items of the table that the last sweep could not read; told by the one replica that reconciles.',
    registers,
  });
  const acts = new Counter({
    name: 'steppe_reconciler_acts_total',
    help: 'What the reconciler put right, by act, reason and outcome (done, moot where somebody else did it, deferred, failed).',
    labelNames: ['act', 'reason', 'outcome'],
    registers,
  });
  const passes = new Counter({
    name: 'steppe_reconciler_passes_total',
    help: 'Passes by outcome (complete, incomplete where an act failed, failed, interrupted).',
    labelNames: ['outcome'],
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'steppe_reconciler_last_success_timestamp_seconds',
    help: 'When the last complete pass ended, in Unix time; 0 where this replica has made none.',
    registers,
  });
  return {
    observed({ rows, corrupt: items }) {
      for (const state of liveStates) live.set({ state }, rows.filter((row) => row.state === state).length);
      corrupt.set(items);
    },
    acted: ({ kind, because }, outcome) => acts.inc({ act: kind, reason: because, outcome }),
    passed(outcome, nowMs) {
      passes.inc({ outcome });
      if (outcome === 'complete') lastSuccess.set(nowMs / 1000);
    },
    stoodBy() {
      live.reset();
      corrupt.reset();
    },
  };
}
