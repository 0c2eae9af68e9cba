import { hash } from 'node:crypto';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { AppError } from '../app-error.ts';
import type { CallerVerifier, Principal } from './principal.ts';
import { readClaim } from './read-claim.ts';

export interface JwtVerifierOptions {
  keys: JWTVerifyGetKey;
  issuer: string;
  audience: string;
  /** Asymmetric ones alone: a symmetric algorithm would take a public key for a shared secret. */
  algorithms: readonly string[];
  tenantClaim: string;
  scopeClaim: string;
  clockToleranceSeconds: number;
}

const longestCacheMs = 5 * 60_000;

/** Verifies a token once and remembers its principal by the token's hash, until it expires and for five minutes at most. */
export function createJwtVerifier(options: JwtVerifierOptions): CallerVerifier {
  const verified = new LRUCache<string, Principal>({ max: 10_000 });
  return {
    authMode: 'jwt',
    verify(authorization) {
      const token = bearerToken(authorization);
      const key = hash('sha256', token);
      return verified.get(key) ?? verifyAndRemember(token, key, options, verified);
    },
  };
}

async function verifyAndRemember(
  token: string,
  key: string,
  options: JwtVerifierOptions,
  verified: LRUCache<string, Principal>,
): Promise<Principal> {
  const payload = await verifyToken(token, options);
  const principal = toPrincipal(payload, options);
  const leftMs = Number(payload.exp) * 1000 - Date.now();
  if (leftMs > 0) verified.set(key, principal, { ttl: Math.min(leftMs, longestCacheMs) });
  return principal;
}

async function verifyToken(token: string, options: JwtVerifierOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, options.keys, {
      issuer: options.issuer,
      audience: options.audience,
      algorithms: [...options.algorithms],
      clockTolerance: options.clockToleranceSeconds,
      requiredClaims: ['exp'],
    });
    return payload;
  } catch (cause) {
    // An unreachable key server is our trouble, not the caller's.
    if (cause instanceof errors.JOSEError && cause.code !== 'ERR_JWKS_TIMEOUT' && cause.code !== 'ERR_JOSE_GENERIC') {
      throw unauthenticated(reasonOf(cause), cause);
    }
    throw cause;
  }
}

function toPrincipal(payload: JWTPayload, options: JwtVerifierOptions): Principal {
  const tenant = tenantIdSchema.safeParse(readClaim(payload, options.tenantClaim));
  if (!tenant.success) throw unauthenticated(`the token has no tenant: the claim ${options.tenantClaim} must be a text`);
  const scope = readClaim(payload, options.scopeClaim);
  const listed = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope.filter(isText) : [];
  return { tenantId: tenant.data, scopes: new Set(listed) };
}

const isText = (value: unknown): value is string => typeof value === 'string';

function bearerToken(authorization: string | undefined): string {
  if (!authorization) {
    throw new AppError('unauthenticated', 'there is no token; send Authorization: Bearer <JWT>', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
  const token = /^Bearer ([A-Za-z0-9_.~+/=-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('the Authorization header is not of the form Bearer <JWT>');
  return token;
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' ? 'the token is not valid yet' : `the claim ${error.claim} is not the expected one`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the algorithm of the token is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature does not verify';
  if (error instanceof errors.JWKSNoMatchingKey) return 'no known key has signed the token';
  return 'the token is malformed';
}

function unauthenticated(reason: string, cause?: unknown): AppError {
  return new AppError('unauthenticated', reason, {
    cause,
    headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${reason}"` },
  });
}
