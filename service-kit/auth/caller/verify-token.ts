import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { AppError } from '../../http/app-error.ts';
import type { Clock } from '../../process/clock.ts';
import { unauthenticated } from './principal.ts';
import { failureCooldownMs, KeysUnavailableError } from './remote-keys.ts';
import { readClaim } from './to-principal.ts';
import { UnusableKeyError } from './usable-keys.ts';

/** The requirements for a token. */
export interface TokenRules {
  keys: JWTVerifyGetKey;
  /** Any of them is accepted. */
  issuers: readonly string[];
  /** Any of them is accepted, in the claim `audienceClaim`: a text or a list. */
  audiences: readonly string[];
  audienceClaim: string;
  /** Only asymmetric ones: a symmetric algorithm would take a public key for a shared secret. */
  algorithms: readonly string[];
  clockToleranceSeconds: number;
  /** Counted from `iat`, which is then required; undefined: only `exp` limits the age. */
  maxAgeSeconds: number | undefined;
}

/**
 * Returns the claims of a token that meets all the rules.
 * @throws AppError `unauthenticated`, or `identity_unavailable` if the keys for the check are
 * unavailable.
 */
export async function verifyToken(
  token: string,
  rules: TokenRules,
  clock: Clock,
): Promise<JWTPayload> {
  const isStandardAudience = rules.audienceClaim === 'aud';
  try {
    const { payload } = await jwtVerify(token, rules.keys, {
      issuer: [...rules.issuers],
      ...(isStandardAudience && { audience: [...rules.audiences] }),
      algorithms: [...rules.algorithms],
      currentDate: new Date(clock.now()),
      clockTolerance: rules.clockToleranceSeconds,
      requiredClaims: ['exp'],
      ...(rules.maxAgeSeconds !== undefined && { maxTokenAge: rules.maxAgeSeconds }),
    });
    if (!isStandardAudience) requireAudience(payload, rules);
    return payload;
  } catch (cause) {
    if (cause instanceof KeysUnavailableError) throw identityUnavailable(cause);
    if (cause instanceof UnusableKeyError)
      throw unauthenticated('the issuer’s key of that name cannot be used', cause);
    // An unusable key set is our fault, and an error that is not from jose is a mistake in our
    // code.
    if (cause instanceof errors.JWKSInvalid || !(cause instanceof errors.JOSEError)) throw cause;
    throw unauthenticated(reasonOf(cause), cause);
  }
}

function requireAudience(payload: JWTPayload, { audiences, audienceClaim }: TokenRules): void {
  const named = [readClaim(payload, audienceClaim)].flat();
  if (!audiences.some((audience) => named.includes(audience))) {
    throw unauthenticated(`the claim ${audienceClaim} is not the expected one`);
  }
}

/** The token may be valid: a 401 would make its owner discard it. */
const identityUnavailable = (cause: KeysUnavailableError): AppError =>
  new AppError('identity_unavailable', errorMessages.identity_unavailable(), {
    cause,
    headers: { 'Retry-After': String(failureCooldownMs / 1000) },
  });

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) {
    return error.claim === 'iat'
      ? 'the token was issued too long ago'
      : 'the token has expired; get a new one';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf'
      ? 'the token is not valid yet'
      : `the claim ${error.claim} is not the expected one`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the algorithm of the token is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'the signature does not verify';
  if (error instanceof errors.JWKSNoMatchingKey) return 'no known key has signed the token';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'the token does not name its key, and several would fit';
  return 'the token is malformed';
}
