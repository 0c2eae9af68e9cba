import { hash } from 'node:crypto';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { AppError } from '../../http/app-error.ts';
import { type Clock, wallClockTtl } from '../../process/clock.ts';
import { type CallerVerifier, type Principal, unauthenticated } from './principal.ts';
import { type ClaimNames, toPrincipal } from './to-principal.ts';
import { type TokenRules, verifyToken } from './verify-token.ts';

export interface JwtVerifierOptions extends TokenRules, ClaimNames {}

/** The minimal rules for tokens that use our own claim and scope names. */
export const plainTokens = {
  audienceClaim: 'aud',
  tenantClaim: 'tenant',
  scopeClaims: ['scope'],
  scopeMap: undefined,
  defaultScopes: [],
  quotaClaim: undefined,
  rateClaim: undefined,
  clockToleranceSeconds: 5,
  maxAgeSeconds: undefined,
} as const satisfies Partial<JwtVerifierOptions>;

export const longestCacheMs = 5 * 60_000;

/**
 * Verifies a token once, however many calls bring it at the same time. Remembers its principal by
 * the token's hash until the token expires or is too old, at most for five minutes. Does not
 * remember a token that fails to verify.
 */
export function createJwtVerifier(options: JwtVerifierOptions, clock: Clock): CallerVerifier {
  const verified = new LRUCache<string, Principal>({ max: 10_000, ...wallClockTtl(clock) });
  const verifying = new Map<string, Promise<Principal>>();

  const verifyAndRemember = async (token: string, key: string): Promise<Principal> => {
    const payload = await verifyToken(token, options, clock);
    const principal = toPrincipal(payload, options);
    const ttl = Math.min(goodUntilMs(payload, options.maxAgeSeconds) - clock.now(), longestCacheMs);
    if (ttl >= 1) verified.set(key, principal, { ttl });
    return principal;
  };

  return {
    authMode: 'jwt',
    verify(authorization) {
      const token = bearerToken(authorization);
      const key = hash('sha256', token);
      const known = verified.get(key) ?? verifying.get(key);
      if (known) return known;
      const verification = verifyAndRemember(token, key).finally(() => verifying.delete(key));
      verifying.set(key, verification);
      return verification;
    },
  };
}

function goodUntilMs({ exp, iat }: JWTPayload, maxAgeSeconds: number | undefined): number {
  const ends = [Number(exp), ...(maxAgeSeconds === undefined ? [] : [Number(iat) + maxAgeSeconds])];
  return Math.floor(Math.min(...ends) * 1000);
}

/** Returns the token of an `Authorization` header. @throws AppError `unauthenticated` */
function bearerToken(authorization: string | undefined): string {
  if (!authorization) {
    // No error= here: RFC 6750 reserves it for requests that carry a token.
    throw new AppError('unauthenticated', errorMessages.unauthenticated(), {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
  const token = /^Bearer +([A-Za-z0-9_.~+/=-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('the Authorization header is not of the form Bearer <JWT>');
  return token;
}
