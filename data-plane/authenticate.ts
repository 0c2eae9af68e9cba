import type { Scope } from '@steppe/contracts/operations';
import { type CallerVerifier, type Principal, requireScope } from '@steppe/service-kit/caller/principal';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import type { Context } from 'hono';
import { addLogFields } from './log-fields.ts';

/** @throws AppError `unauthenticated` or `insufficient_scope` */
export async function authenticate(c: Context<HttpEnv>, verifier: CallerVerifier, scope: Scope): Promise<Principal> {
  const principal = await verifier.verify(c.req.header('authorization'));
  addLogFields(c, { tenant_id: principal.tenantId });
  requireScope(principal, scope);
  return principal;
}
