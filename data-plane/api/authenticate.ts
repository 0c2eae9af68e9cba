import type { Scope } from '@steppe/contracts/operations';
import {
  type CallerVerifier,
  type Principal,
  requireScope,
} from '@steppe/service-kit/auth/caller/principal';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Context } from 'hono';
import type { RateLimiter } from './rate-limit.ts';

export interface CallerChecks {
  verifier: CallerVerifier;
  limitRate: RateLimiter;
}

/**
 * @throws AppError `unauthenticated`, `identity_unavailable`, `rate_limited` or
 * `insufficient_scope`
 */
export async function authenticate(
  c: Context<HttpEnv>,
  { verifier, limitRate }: CallerChecks,
  scope: Scope,
): Promise<Principal> {
  const principal = await verifier.verify(c.req.header('authorization'));
  addLogFields(c, { tenant_id: principal.tenantId });
  limitRate(principal);
  requireScope(principal, scope);
  return principal;
}
