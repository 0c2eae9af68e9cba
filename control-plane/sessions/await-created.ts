import { setTimeout as delay } from 'node:timers/promises';
import type { SessionId, TenantId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/app-error';
import { abortable } from '../abortable.ts';
import { createFailure } from './create-failure.ts';
import { causeOf } from './end-cause.ts';
import type { KnownSession } from './known-session.ts';
import type { SessionServices } from './session-services.ts';

interface Awaited {
  tenantId: TenantId;
  key: string;
  sessionId: SessionId;
}

/** Only a create of another replica is waited for by looking; it is rare and short. */
const lookEveryMs = 100;

/**
 * The session that an earlier request with the same key makes or has made.
 * @throws AppError what the earlier request was told, or `session_not_ready` when the signal ends the waiting.
 */
export async function awaitCreated(services: SessionServices, awaited: Awaited, signal: AbortSignal): Promise<KnownSession> {
  const { store, pending } = services;
  const { tenantId, key, sessionId } = awaited;
  while (!signal.aborted) {
    const here = pending.find(sessionId);
    if (here) return abortable(here, signal).catch((error) => Promise.reject(signal.aborted ? notReady(sessionId) : error));
    const record = await store.get(sessionId, { consistent: true });
    if (record?.state === 'failed') throw createFailure(sessionId, causeOf(record));
    if (record && record.state !== 'provisioning') return { record };
    await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  // Whoever claimed the key is dead if it wrote no row in all this time; the key shall be good again.
  if ((await store.get(sessionId, { consistent: true })) === null) await store.deleteIdempotency(tenantId, key, sessionId);
  throw notReady(sessionId);
}

const notReady = (sessionId: SessionId): AppError =>
  new AppError('session_not_ready', 'an earlier request with this Idempotency-Key still makes the session; ask again', {
    details: { session_id: sessionId },
    headers: { 'Retry-After': '1' },
  });
