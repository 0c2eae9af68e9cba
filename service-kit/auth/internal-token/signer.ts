import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { Plane } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import { type CryptoKey, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../process/clock.ts';
import { isOlder } from '../../process/is-older.ts';

export interface InternalKey {
  kid: string;
  privateKey: CryptoKey;
}

export interface InternalTokenSigner {
  /**
   * A token for one instance, and for one session of it where the data-plane needs one; good for at
   * least 10 s more.
   */
  sign(instanceId: InstanceId, sessionId?: SessionId): Promise<string>;
}

/** The key that signs now. */
export type SigningKeySource = () => Promise<InternalKey>;

/**
 * By so much a token is dated back: an agent's clock may be as far behind, beyond what it
 * tolerates.
 */
const datedBackSeconds = 10;

/**
 * Signs with the plane's own key; tokens live 60 s, of which 10 are past when they are signed, and
 * are used for 40.
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
