import { setTimeout as delay } from 'node:timers/promises';
import { mintedAtMs, type SessionId, type TenantId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { abortable } from '../../abortable.ts';
import type { SessionServices } from '../session-services.ts';
import type { SessionWithState } from '../session-with-state.ts';
import { causeOf } from '../termination/cause.ts';
import { createFailure } from './create-failure.ts';

interface JoinRequest {
  tenantId: TenantId;
  key: string;
  sessionId: SessionId;
  /** `admitted`: once it has its row. */
  until: 'admitted' | 'ready';
}

/** Only a create of another replica is waited for by looking; it is rare and short. */
const lookEveryMs = 100;

/**
 * The session that an earlier request with the same key makes or has made; null where the key
 * stands for it no more, and may be claimed again.
 * @throws AppError what the earlier request got, or `session_not_ready` when the signal ends the
 * waiting.
 */
export async function joinCreate(
  services: SessionServices,
  awaited: JoinRequest,
  signal: AbortSignal,
): Promise<SessionWithState | null> {
  const { store, pending, limits, now } = services;
  const { tenantId, key, sessionId, until } = awaited;
  // Where the maker failed it frees the key itself, and where it died nobody has: the key must be
  // usable again.
  const freeKey = () => store.deleteIdempotency(tenantId, key, sessionId);
  while (!signal.aborted) {
    const here = until === 'ready' && pending.find(sessionId);
    if (here)
      return abortable(here, signal).catch((error) =>
        Promise.reject(signal.aborted ? notReady(sessionId) : error),
      );
    const record = await store.get(sessionId, { consistent: true });
    if (record?.state === 'failed') {
      await freeKey();
      throw createFailure(sessionId, causeOf(record));
    }
    if (record && (until === 'admitted' || record.state !== 'provisioning')) return { record };
    // A maker that was refused frees the key without a row.
    if (!record && (await store.getIdempotency(tenantId, key))?.session_id !== sessionId)
      return null;
    // Whoever claimed the key is dead if it wrote no row in all this time.
    if (!record && now() - mintedAtMs(sessionId) > limits.provisioningMs) break;
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  if ((await store.get(sessionId, { consistent: true })) === null) await freeKey();
  throw notReady(sessionId);
}

const notReady = (sessionId: SessionId): AppError =>
  new AppError(
    'session_not_ready',
    'an earlier request with this Idempotency-Key is still creating the session; try again',
    {
      details: { session_id: sessionId },
      headers: { 'Retry-After': '1' },
    },
  );
