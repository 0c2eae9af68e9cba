import { mintedAtMs, type SessionId, type TenantId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { abortable } from '../../abortable.ts';
import type { SessionWithState } from '../describe-session.ts';
import type { SessionServices } from '../session-services.ts';
import { causeOf } from '../termination/cause.ts';
import { createFailure } from './create-failure.ts';

interface JoinRequest {
  tenantId: TenantId;
  key: string;
  sessionId: SessionId;
  /** `admitted`: as soon as the session has its row. */
  until: 'admitted' | 'ready';
}

/** Polling interval for a create of another replica. Such waits are rare, and creates are short. */
export const lookUpEveryMs = 100;

/**
 * Waits for the session that an earlier request with the same key creates or has created. Returns
 * null if the key no longer refers to that session and can be claimed again.
 * @throws AppError the error of the earlier request, or `session_not_ready` when the signal aborts.
 */
export async function joinCreate(
  services: Pick<SessionServices, 'store' | 'pending' | 'limits' | 'clock'>,
  { tenantId, key, sessionId, until }: JoinRequest,
  signal: AbortSignal,
): Promise<SessionWithState | null> {
  const { store, pending, limits, clock } = services;
  // A creator that failed releases the key itself. One that died did not, so the key is released
  // here to be usable again.
  const releaseKey = () => store.deleteIdempotency(tenantId, key, sessionId);
  while (!signal.aborted) {
    const here = until === 'ready' && pending.find(sessionId);
    if (here)
      return abortable(here, signal).catch((error) =>
        Promise.reject(signal.aborted ? notReady(sessionId) : error),
      );
    const record = await store.get(sessionId, { consistent: true });
    if (record?.state === 'failed') {
      await releaseKey();
      throw createFailure(sessionId, causeOf(record));
    }
    if (record && (until === 'admitted' || record.state !== 'provisioning')) return { record };
    // A creator that was refused releases the key and leaves no row.
    if (!record && (await store.getIdempotency(tenantId, key))?.session_id !== sessionId)
      return null;
    // The creator died if it has written no row in all this time.
    if (!record && clock.now() - mintedAtMs(sessionId) > limits.provisioningMs) break;
    await clock.sleep(lookUpEveryMs, signal).catch(() => undefined);
  }
  if ((await store.get(sessionId, { consistent: true })) === null) await releaseKey();
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
