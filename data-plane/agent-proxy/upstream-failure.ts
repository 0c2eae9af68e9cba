import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';

/** Why a request got no response from the agent of its session. */
export type UpstreamFailure = 'unconnected' | 'broken' | 'misdirected';

/** Undefined if there was a response, or if the client has left. */
export function upstreamFailureOf(end: ProxyOutcome): UpstreamFailure | undefined {
  if (end.kind === 'unconnected' || end.kind === 'broken') return end.kind;
  return end.kind === 'rejected' && end.status === 421 ? 'misdirected' : undefined;
}

/** A response about our own token is never forwarded to the client. */
export const isTokenRejection = (status: number): boolean => status === 401 || status === 421;

const messages: Record<UpstreamFailure, string> = {
  unconnected: errorMessages.runtime_unreachable(),
  broken:
    'the connection to the runtime broke before it responded; the request may have been executed: fetch it by its id',
  misdirected: 'the runtime of the session has moved; get the session to see whether it is alive',
};

/** A 421 is handled as `misdirected`; any other rejection is a fault of this service. */
export const tokenRejected = (status: number): Error =>
  new Error(`the agent rejected our token with ${status}`);

export const agentUnreachable = (failure: UpstreamFailure, attempts: number): AppError =>
  new AppError('runtime_unreachable', messages[failure], { details: { attempts } });

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
