import { hash } from 'node:crypto';
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

const keptSeconds = 24 * 60 * 60;

/**
 * Lets the key stand for `sessionId` unless it stands for a session already; gives the one that it
 * stands for.
 * @throws AppError `idempotency_key_reused` where that was requested with another body.
 */
export async function claimIdempotencyKey(
  { store, now }: Pick<SessionServices, 'store' | 'now'>,
  { tenantId, key, sessionId, body }: KeyClaim,
): Promise<SessionId> {
  const bodyHash = hash('sha256', canonicalJson(body));
  const item = {
    session_id: sessionId,
    body_hash: bodyHash,
    expires: Math.ceil(now() / 1000) + keptSeconds,
  };
  try {
    const put = await store.putIdempotency(tenantId, key, item);
    if (put.outcome === 'stored') return sessionId;
    if (put.item.body_hash === bodyHash) return put.item.session_id;
  } catch (error) {
    // It may have been written all the same, and would then stand for a session that nobody makes.
    await store.deleteIdempotency(tenantId, key, sessionId).catch(() => undefined);
    throw error;
  }
  throw new AppError(
    'idempotency_key_reused',
    'this Idempotency-Key was used with a different body; send a new key',
  );
}

/** The same text for the same value, whatever the order of its keys. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
