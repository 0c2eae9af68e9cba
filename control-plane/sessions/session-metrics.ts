import type { ErrorCode } from '@steppe/contracts/errors';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { TerminalRecord, TerminationCause } from './termination/cause.ts';

/** Where the instance of a create came from; `none` if the create did not get an instance. */
export type CreateStart = 'warm' | 'cold' | 'none';

/**
 * `ready`, the end reason in the row of a failed session, or the code of the error if that is more
 * specific.
 */
export type CreateOutcome = 'ready' | TerminationCause['reason'] | ErrorCode;

export interface SessionMetrics {
  /** Counts a create, except one that only waits for the create of another request with its key. */
  created(create: { start: CreateStart; outcome: CreateOutcome; durationMs: number }): void;
  /** Counts an end that this process recorded. */
  ended(terminal: Pick<TerminalRecord, 'state' | 'end_reason'>): void;
}

export function createSessionMetrics(registry: Registry): SessionMetrics {
  const ends = new Counter({
    name: 'steppe_sessions_ended_total',
    help: 'Terminated sessions by state (ended, failed) and end reason; the process that records the end counts it.',
    labelNames: ['state', 'reason'],
    registers: [registry],
  });
  const creates = new Histogram({
    name: 'steppe_session_create_duration_seconds',
    help: 'Duration of creates, with their rollback, by start (warm, cold, none) and outcome (ready or the failure).',
    labelNames: ['start', 'outcome'],
    buckets: [0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  return {
    created: ({ durationMs, ...labels }) => creates.observe(labels, durationMs / 1000),
    ended: ({ state, end_reason }) => ends.inc({ state, reason: end_reason }),
  };
}
