import type { ErrorCode } from '@steppe/contracts/errors';

/**
 * How a call ended, for its log line, its metrics and its span. `ok`: answered with a status below 400; `error`: another service
 * answered with the status that the line names; `aborted`: the client left, or this process ended, before the answer was whole;
 * `stalled`: the client took nothing of its answer for too long; an error code: what this service answered, or why an answer that had
 * begun was cut off.
 */
export type Outcome = 'ok' | 'error' | 'aborted' | 'stalled' | ErrorCode;

interface CallFacts {
  status: number;
  /** False where the client left before it had all. */
  isWhole: boolean;
  /** What a handler knows better. */
  known: Outcome | undefined;
}

export function outcomeOf({ status, isWhole, known }: CallFacts): Outcome {
  if (known) return known;
  if (!isWhole) return 'aborted';
  return status < 400 ? 'ok' : 'error';
}
