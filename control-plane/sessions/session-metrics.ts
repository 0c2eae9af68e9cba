import type { ErrorCode } from '@steppe/contracts/errors';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { TerminalRecord, TerminationCause } from './termination/cause.ts';

/** Where the instance of a create came from; none where it did not get that far. */
export type CreateStart = 'warm' | 'cold' | 'none';

/**
 * `ready`; the end reason that the row of what failed has; or the error's code where that says
 * more.
 */
export type CreateOutcome = 'ready' | TerminationCause['reason'] | ErrorCode;

export interface SessionMetrics {
  /** Counts a create, but for one that waits for what another with its key makes. */
  created(create: { start: CreateStart; outcome: CreateOutcome; durationMs: number }): void;
  /** Counts an end that this process recorded. */
  ended(terminal: Pick<TerminalRecord, 'state' | 'end_reason'>): void;
}

export function createSessionMetrics(registry: Registry): SessionMetrics {
  const ends = new Counter({
    name: 'steppe_sessions_ended_total',
    help: 'Terminated sessions, by state (ended, failed) and end reason; each is counted by the process that recorded it.',
    labelNames: ['state', 'reason'],
    registers: [registry],
  });
  const creates = new Histogram({
    name: 'steppe_session_create_duration_seconds',
    help: 'Duration of creates by start (warm, cold, none) and outcome (ready or the failure), including the rollback.',
    labelNames: ['start', 'outcome'],
    buckets: [0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  return {
    created: ({ durationMs, ...labels }) => creates.observe(labels, durationMs / 1000),
    ended: ({ state, end_reason }) => ends.inc({ state, reason: end_reason }),
  };
}
