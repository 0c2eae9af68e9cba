import { hash } from 'node:crypto';
import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import { internalClaimsSchema, type Plane } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import { AppError } from '@steppe/service-kit/http/app-error';
import { type Clock, wallClockTtl } from '@steppe/service-kit/process/clock';
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';

/** How far the clocks of a plane and an agent may differ, besides what a signer dates back. */
export const clockToleranceSeconds = 5;

export interface InternalCaller {
  plane: Plane;
  sessionId: SessionId | undefined;
}

export interface InternalTokenVerifier {
  /**
   * @throws AppError `misdirected` for another instance's token, `unauthenticated` for any other
   * token that does not verify.
   */
  verify(authorization: string | undefined): Promise<InternalCaller>;
}

/** @param keys finds the public key of the plane that the token names as its issuer. */
export function createInternalTokenVerifier(
  instanceId: InstanceId,
  keys: JWTVerifyGetKey,
  clock: Clock,
): InternalTokenVerifier {
  const verified = new LRUCache<string, InternalCaller>({ max: 100, ...wallClockTtl(clock) });
  return {
    async verify(authorization) {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
      if (!token)
        throw new AppError(
          'unauthenticated',
          'only the control-plane and the data-plane may call an agent; send one of their tokens',
        );
      const cacheKey = hash('sha256', token);
      const known = verified.get(cacheKey);
      if (known) return known;
      const { caller, goodUntil } = await verifyToken(token, { instanceId, keys, clock });
      const leftMs = Math.floor(goodUntil * 1000 - clock.now());
      if (leftMs > 0) verified.set(cacheKey, caller, { ttl: leftMs });
      return caller;
    },
  };
}

interface Expected {
  instanceId: InstanceId;
  keys: JWTVerifyGetKey;
  clock: Clock;
}

async function verifyToken(token: string, { instanceId, keys, clock }: Expected) {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['EdDSA'],
      issuer: ['control-plane', 'data-plane'],
      audience: instanceId,
      maxTokenAge: `${limits.internalTokenSeconds}s`,
      currentDate: new Date(clock.now()),
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp'],
    });
    const claims = internalClaimsSchema.parse(payload);
    const caller: InternalCaller = { plane: claims.iss, sessionId: claims.session_id };
    // Seconds of Unix time, possibly with a fraction; jose has checked that both claims are
    // numbers.
    const goodUntil = Math.min(
      Number(payload.exp),
      Number(payload.iat) + limits.internalTokenSeconds,
    );
    return { caller, goodUntil };
  } catch (cause) {
    if (cause instanceof errors.JWTClaimValidationFailed && cause.claim === 'aud') {
      throw new AppError('misdirected', 'the token is for another instance', { cause });
    }
    throw new AppError('unauthenticated', 'the internal token does not verify', { cause });
  }
}
