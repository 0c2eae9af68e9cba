import type { ErrorCode } from '@steppe/contracts/errors';

/**
 * How a call ended, for its log line, its metrics and its span. `ok`: a status below 400; `error`:
 * another service responded with the status in the line; `aborted`: the client left, or this
 * process ended, before the response was whole; `stalled`: the client took nothing of its response
 * for too long; an error code: what this service responded, or why a response that had begun was
 * cut off.
 */
export type Outcome = 'ok' | 'error' | 'aborted' | 'stalled' | ErrorCode;

interface CallDetails {
  status: number;
  /** False where the client left before it had all. */
  isWhole: boolean;
  /** What a handler knows better. */
  known: Outcome | undefined;
}

export function outcomeOf({ status, isWhole, known }: CallDetails): Outcome {
  if (known) return known;
  if (!isWhole) return 'aborted';
  return status < 400 ? 'ok' : 'error';
}
