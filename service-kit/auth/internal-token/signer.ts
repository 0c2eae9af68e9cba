import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { Plane } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import { type CryptoKey, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Clock, isOlder } from '../../process/clock.ts';

export interface InternalKey {
  kid: string;
  privateKey: CryptoKey;
}

export interface InternalTokenSigner {
  /**
   * Returns a token for one instance, and for one of its sessions if the data-plane needs that;
   * valid for at least 10 s more.
   */
  sign(instanceId: InstanceId, sessionId?: SessionId): Promise<string>;
}

/** Returns the key that signs at the moment. */
export type SigningKeySource = () => Promise<InternalKey>;

/**
 * Tokens are dated back by this much, because an agent's clock may be that far behind, beyond its
 * tolerance.
 */
export const datedBackSeconds = 10;

/**
 * Signs with the plane's own key. Tokens live 60 s, 10 of which have already passed at signing, and
 * are reused for 40 s.
 */
export function createInternalTokenSigner(
  plane: Plane,
  key: InternalKey | SigningKeySource,
  clock: Clock,
): InternalTokenSigner {
  const usedForMs = (limits.internalTokenSeconds - 20) * 1000;
  const signed = new LRUCache<string, { token: Promise<string>; atMs: number }>({ max: 20_000 });
  const keyNow = typeof key === 'function' ? key : async () => key;
  const signNew = async (instanceId: InstanceId, sessionId: SessionId | undefined) => {
    const { kid, privateKey } = await keyNow();
    const issuedAt = Math.floor(clock.now() / 1000) - datedBackSeconds;
    return new SignJWT(sessionId ? { session_id: sessionId } : {})
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(plane)
      .setAudience(instanceId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + limits.internalTokenSeconds)
      .sign(privateKey);
  };
  return {
    sign(instanceId, sessionId) {
      const cacheKey = `${instanceId} ${sessionId ?? ''}`;
      const known = signed.get(cacheKey);
      const nowMs = clock.now();
      if (known && !isOlder(known.atMs, usedForMs, nowMs)) return known.token;
      const token = signNew(instanceId, sessionId);
      signed.set(cacheKey, { token, atMs: nowMs });
      token.catch(() => signed.delete(cacheKey));
      return token;
    },
  };
}
