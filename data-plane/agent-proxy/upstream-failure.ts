import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';

/**
 * Why a request got no response from the agent of its session. An agent that rejects our token as
 * `unauthenticated` belongs to another installation, whose address was once that of the session, or
 * our key is wrong.
 */
export type UpstreamFailure = 'unconnected' | 'broken' | 'misdirected' | 'unauthenticated';

/** Undefined if there was a response, or if the client has left. */
export function upstreamFailureOf(end: ProxyOutcome): UpstreamFailure | undefined {
  if (end.kind === 'unconnected' || end.kind === 'broken') return end.kind;
  if (end.kind !== 'rejected') return undefined;
  return end.status === 421 ? 'misdirected' : 'unauthenticated';
}

/** A response about our own token is never forwarded to the client. */
export const isTokenRejection = (status: number): boolean => status === 401 || status === 421;

const messages: Record<Exclude<UpstreamFailure, 'unauthenticated'>, string> = {
  unconnected: errorMessages.runtime_unreachable(),
  broken:
    'the connection to the runtime broke before it responded; the request may have been executed: fetch it by its id',
  misdirected: 'the runtime of the session has moved; get the session to see whether it is alive',
};

/** The session is still where the failure came from. A rejected token is a fault of this service. */
export const agentUnreachable = (failure: UpstreamFailure, attempts: number): Error =>
  failure === 'unauthenticated'
    ? new Error('the agent of the session does not accept our key')
    : new AppError('runtime_unreachable', messages[failure], { details: { attempts } });

/** The session moved after the first attempt had consumed a part of the upload. */
export const uploadInterrupted = (): AppError =>
  new AppError(
    'runtime_unreachable',
    'the session moved during the upload; nothing was written: send the file again',
    {
      retryable: true,
    },
  );

export const agentIdleTimeout = (limitMs: number): AppError =>
  new AppError('step_deadline_exceeded', errorMessages.step_deadline_exceeded(limitMs / 1000));
