import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { SessionId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { StartFailedError } from '../../provisioner/start-failed-error.ts';
import { AgentCallError, InterpreterStartError } from '../agent-client.ts';
import type { TerminationCause } from '../termination/cause.ts';

/**
 * The create was aborted: its time limit passed, its client or this process stopped it, or its row
 * became terminal in the meantime.
 */
export class CreateAbortedError extends Error {
  override readonly name = 'CreateAbortedError';
  readonly terminationCause: TerminationCause;

  constructor(terminationCause: TerminationCause) {
    super(terminationCause.detail ?? terminationCause.reason);
    this.terminationCause = terminationCause;
  }
}

/** Another request or the reconciler made the row terminal. */
export const endedMeanwhile = () =>
  new CreateAbortedError({
    reason: 'deleted',
    detail: 'the session was terminated before it was ready',
  });

/** The cause that the row records for a create that failed with `error`. */
export function causeOfFailure(error: unknown): TerminationCause {
  if (error instanceof CreateAbortedError) return error.terminationCause;
  if (error instanceof StartFailedError) return { reason: error.reason, detail: error.message };
  if (error instanceof InterpreterStartError)
    return { reason: 'start_failed', detail: error.message };
  if (error instanceof AgentCallError) return { reason: 'crashed', detail: error.detail };
  return {
    reason: 'crashed',
    detail: 'the session could not be created; see the log of the control-plane',
  };
}

/**
 * Why the create failed, where its signal aborted. At the time limit a provisioner may know what
 * the start waited for, which says more than the limit. A client that left, or a shutdown, is the
 * reason whatever the start waited for.
 */
export function failureAfter(signal: AbortSignal, error: unknown): unknown {
  const abort: unknown = signal.reason;
  const isOtherAbort =
    abort instanceof CreateAbortedError && abort.terminationCause.reason !== 'provisioning_timeout';
  return signal.aborted && isOtherAbort && error instanceof StartFailedError ? abort : error;
}

/** Whether the cause explains the failure completely, so that the client may see it. */
export const isExplained = (error: unknown): boolean =>
  error instanceof CreateAbortedError ||
  error instanceof StartFailedError ||
  error instanceof InterpreterStartError ||
  error instanceof AgentCallError;

/** The error that the client gets if its create did not become ready. */
export function createFailure(
  sessionId: SessionId,
  { reason, detail }: TerminationCause,
  cause?: unknown,
): AppError {
  const details = {
    session_id: sessionId,
    end_reason: reason,
    ...(detail && { end_detail: detail }),
  };
  if (reason === 'deleted')
    return new AppError('session_ended', 'the session was terminated before it was ready', {
      details,
      cause,
    });
  if (cause instanceof InterpreterStartError)
    return new AppError('start_failed', errorMessages.start_failed(), { details, cause });
  const why =
    reason === 'provisioning_timeout'
      ? 'was not ready in time'
      : `could not be started (${detail ?? reason})`;
  const retryable = isRetryable(reason, cause);
  return new AppError('provisioning_failed', errorMessages.provisioning_failed(why, retryable), {
    details,
    cause,
    retryable,
    ...(retryable && { headers: { 'Retry-After': '1' } }),
  });
}

/** An image that cannot be loaded stays so until an operator changes something. */
const isRetryable = (reason: TerminationCause['reason'], cause: unknown): boolean =>
  reason !== 'image_unavailable' && !(cause instanceof StartFailedError && !cause.retryable);
