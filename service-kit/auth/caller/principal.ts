import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { TenantId } from '@steppe/contracts/ids';
import { type Scope, scopes } from '@steppe/contracts/scopes';
import { AppError } from '../../http/app-error.ts';
import { loopbackHosts } from '../../http/browsers/refuse-foreign.ts';

/** The caller: its tenant and its permissions. */
export interface Principal {
  tenantId: TenantId;
  scopes: ReadonlySet<string>;
  /** The tenant's quota of live sessions, if the token states one. */
  sessionQuota?: number | undefined;
  /** The tenant's requests per second at each replica, if the token states them. */
  requestsPerSecond?: number | undefined;
}

export interface CallerVerifier {
  authMode: 'jwt' | 'bypass';
  /** The hosts that may be served while callers are verified in this way; undefined: any. */
  servedHosts?: readonly string[];
  /**
   * @param authorization the unmodified header.
   * @throws AppError `unauthenticated`, with a `WWW-Authenticate` that states the reason.
   */
  verify(authorization: string | undefined): Principal | Promise<Principal>;
}

/** @throws AppError `insufficient_scope` */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope)) return;
  throw new AppError('insufficient_scope', errorMessages.insufficient_scope(scope), {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}

/**
 * Treats every call as one tenant's, with all scopes: only for development and tests, which the
 * configuration enforces. Without tokens, only the requested host distinguishes the calls of this
 * machine from those of a web page.
 */
export const createBypassVerifier = (
  tenantId: TenantId,
  servedHosts = loopbackHosts,
): CallerVerifier => {
  const principal: Principal = { tenantId, scopes: new Set(scopes) };
  return { authMode: 'bypass', servedHosts, verify: () => principal };
};

/**
 * The error for a token that is present but invalid. The caller sees the reason, which quotes
 * nothing from the token.
 */
export function unauthenticated(reason: string, cause?: unknown): AppError {
  return new AppError('unauthenticated', reason, {
    cause,
    headers: {
      'WWW-Authenticate': `Bearer error="invalid_token", error_description="${quotable(reason)}"`,
    },
  });
}

/**
 * Replaces characters that RFC 6750 forbids in an error_description; the name of a configured claim
 * may contain them.
 */
const quotable = (text: string): string => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
