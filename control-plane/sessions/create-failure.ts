import type { SessionId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/app-error';
import { StartFailed } from '../provisioner/start-failed.ts';
import { AgentCallFailed } from './agent-client.ts';
import type { EndCause } from './end-cause.ts';

/** Why a create goes on no longer: its time is up, nobody wants it any more, or the row was ended meanwhile. */
export class CreateGivenUp extends Error {
  override readonly name = 'CreateGivenUp';
  readonly because: EndCause;

  constructor(because: EndCause) {
    super(because.detail ?? because.reason);
    this.because = because;
  }
}

/** What the row is to say about a create that failed with `error`. */
export function causeOfFailure(error: unknown): EndCause {
  if (error instanceof CreateGivenUp) return error.because;
  if (error instanceof StartFailed) return { reason: error.reason, detail: error.message };
  if (error instanceof AgentCallFailed) return { reason: 'crashed', detail: error.detail };
  return { reason: 'crashed', detail: 'the session could not be made; the log of the control-plane has the cause' };
}

/** Whether the cause is the whole story, which the client may know. */
export const isExplained = (error: unknown): boolean =>
  error instanceof CreateGivenUp || error instanceof StartFailed || error instanceof AgentCallFailed;

/** What the client is told of a create that did not become ready. */
export function createFailure(sessionId: SessionId, { reason, detail }: EndCause, cause?: unknown): AppError {
  const details = { session_id: sessionId, end_reason: reason, ...(detail && { end_detail: detail }) };
  if (reason === 'deleted') return new AppError('session_ended', 'the session was ended before it was ready', { details, cause });
  const why = reason === 'provisioning_timeout' ? 'was not ready in time' : `could not be started (${detail ?? reason})`;
  const again = cause instanceof StartFailed && !cause.retryable ? null : { retryable: true, headers: { 'Retry-After': '1' } };
  return new AppError('runtime_unreachable', `the session ${why}; nothing of it is left${again ? ', try again' : ''}`, {
    details,
    cause,
    ...again,
  });
}
