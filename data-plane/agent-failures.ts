import { AppError } from '@steppe/service-kit/app-error';
import type { ExchangeEnd } from './forward/exchange.ts';

/** Why an exchange gave no answer of the session's agent; undefined where it did, or where waiting for it is over. */
export type Loss = 'unconnected' | 'broken' | 'misdirected';

export function lossOf(end: ExchangeEnd): Loss | undefined {
  if (end.kind === 'unconnected' || end.kind === 'broken') return end.kind;
  return end.kind === 'declined' && end.status === 421 ? 'misdirected' : undefined;
}

/** Answers that are about our token, and nothing that a client could act on. */
export const isAboutToken = (status: number): boolean => status === 401 || status === 421;

const explained: Record<Loss, string> = {
  unconnected: 'no connection to the runtime of the session could be made; ask for the session to see whether it lives',
  broken: 'the connection to the runtime broke before it answered; what was asked for may have been done: ask for it by its id',
  misdirected: 'the runtime of the session is not where it was; ask for the session to see whether it lives',
};

export const agentUnreachable = (loss: Loss, attempts: number): AppError =>
  new AppError('runtime_unreachable', explained[loss], { details: { attempts } });

/** The session has moved, and a part of the upload is gone with the first try. */
export const uploadMoved = (): AppError =>
  new AppError('runtime_unreachable', 'the session moved while the file was sent; nothing was written: send it again', {
    retryable: true,
  });

export const agentSilent = (limitMs: number): AppError =>
  new AppError(
    'step_deadline_exceeded',
    `the runtime gave no sign of life for ${limitMs / 1000} s; what was asked for may still be done: ask for it by its id`,
  );
