import type { TenantId } from '@steppe/contracts/ids';
import { type Scope, scopes } from '@steppe/contracts/operations';
import { AppError } from '../../http/app-error.ts';
import { loopbackHosts } from '../../http/browsers/refuse-foreign.ts';

/** Who calls: the tenant and what it may do. */
export interface Principal {
  tenantId: TenantId;
  scopes: ReadonlySet<string>;
  /** Live sessions that the token allows its tenant, where it says so. */
  sessionQuota?: number | undefined;
  /** Calls that the token allows its tenant, at each replica, where it says so. */
  requestsPerSecond?: number | undefined;
}

export interface CallerVerifier {
  authMode: 'jwt' | 'bypass';
  /** The hosts that may be served while callers are verified like this; undefined: any. */
  servedHosts?: readonly string[];
  /**
   * @param authorization the header as it came.
   * @throws AppError `unauthenticated`, with a `WWW-Authenticate` that says why.
   */
  verify(authorization: string | undefined): Principal | Promise<Principal>;
}

/** @throws AppError `insufficient_scope` */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope)) return;
  throw new AppError('insufficient_scope', `the token lacks the scope ${scope}`, {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}

/**
 * Every call is one tenant's, with all scopes: for development and tests alone, which the
 * configuration enforces. Where no token is requested, the host that a request is for tells the
 * calls of this machine from those of a web page.
 */
export const createBypassVerifier = (
  tenantId: TenantId,
  servedHosts = loopbackHosts,
): CallerVerifier => {
  const principal: Principal = { tenantId, scopes: new Set(scopes) };
  return { authMode: 'bypass', servedHosts, verify: () => principal };
};
