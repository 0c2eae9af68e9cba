import { hash } from 'node:crypto';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { CreateSession } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { SessionServices } from '../session-services.ts';

export interface KeyClaim {
  tenantId: TenantId;
  key: string;
  sessionId: SessionId;
  body: CreateSession;
}

/** How long a key refers to its session. */
export const idempotencyKeyRetentionSeconds = 24 * 60 * 60;

/**
 * Claims the key for `sessionId` unless it already refers to a session. Returns the session that
 * the key refers to.
 * @throws AppError `idempotency_key_reused` if that session was requested with another body.
 */
export async function claimIdempotencyKey(
  { store, clock }: Pick<SessionServices, 'store' | 'clock'>,
  { tenantId, key, sessionId, body }: KeyClaim,
): Promise<SessionId> {
  const bodyHash = hash('sha256', canonicalJson(body));
  const item = {
    session_id: sessionId,
    body_hash: bodyHash,
    expires: Math.ceil(clock.now() / 1000) + idempotencyKeyRetentionSeconds,
  };
  try {
    const put = await store.putIdempotency(tenantId, key, item);
    if (put.outcome === 'stored') return sessionId;
    if (put.item.body_hash === bodyHash) return put.item.session_id;
  } catch (error) {
    // The write may still have succeeded, and the key would then refer to a session that nobody
    // creates.
    await store.deleteIdempotency(tenantId, key, sessionId).catch(() => undefined);
    throw error;
  }
  throw new AppError('idempotency_key_reused', errorMessages.idempotency_key_reused());
}

/** Equal values give the same text, whatever the order of their keys. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
