import type { ErrorCode } from '@steppe/contracts/errors';

/**
 * How a call ended, for its log line, its metrics and its span. `ok`: a status below 400; `error`:
 * another service responded with the status in the line; `aborted`: the client left, or this
 * process exited, before the response was complete; `stalled`: the client read nothing of its
 * response for too long; an error code: the response of this service, or the reason why a response
 * that had begun was cut off.
 */
export type Outcome = 'ok' | 'error' | 'aborted' | 'stalled' | ErrorCode;

interface CallDetails {
  status: number;
  /** False if the client left before it had the whole response. */
  isWhole: boolean;
  /** The outcome that a handler recorded, which takes precedence. */
  known: Outcome | undefined;
}

export function outcomeOf({ status, isWhole, known }: CallDetails): Outcome {
  if (known) return known;
  if (!isWhole) return 'aborted';
  return status < 400 ? 'ok' : 'error';
}
