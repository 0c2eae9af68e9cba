import type { InternalTokenVerifier } from '@steppe/service-kit/auth/internal-token/verifier';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Context } from 'hono';
import type { Binding, Session } from '../session/binding.ts';

/** Checks that the control-plane calls. @throws AppError */
export async function requireControlPlane(
  c: Context<HttpEnv>,
  verifier: InternalTokenVerifier,
): Promise<void> {
  const { plane } = await verifier.verify(c.req.header('authorization'));
  if (plane !== 'control-plane')
    throw new AppError('insufficient_scope', 'this call is the control-plane’s');
}

/**
 * The session that the data-plane's token and the path name alike.
 * @throws AppError `misdirected` where this instance does not serve it.
 */
export async function requireSession(
  c: Context<HttpEnv>,
  verifier: InternalTokenVerifier,
  binding: Binding,
): Promise<Session> {
  const { plane, sessionId } = await verifier.verify(c.req.header('authorization'));
  if (plane !== 'data-plane')
    throw new AppError('insufficient_scope', 'this call is the data-plane’s');
  if (sessionId !== c.req.param('session_id'))
    throw new AppError('misdirected', 'the token is for another session');
  addLogFields(c, { session_id: sessionId });
  return binding.session(sessionId);
}
