import { newSessionId, type TenantId } from '@steppe/contracts/ids';
import type { CreateSession } from '@steppe/contracts/session';
import { awaitCreated } from './await-created.ts';
import { claimKey } from './claim-key.ts';
import type { KnownSession } from './known-session.ts';
import { planSession } from './plan-session.ts';
import { provisionSession } from './provision-session.ts';
import type { SessionServices } from './session-services.ts';

export interface CreateRequest {
  tenantId: TenantId;
  /** Of the tenant's live sessions, where its token says one. */
  sessionQuota?: number | undefined;
  body: CreateSession;
  idempotencyKey: string | undefined;
  /** Aborted when the client leaves. */
  client: AbortSignal;
}

/**
 * Makes a session that is ready, or nothing at all. A client that leaves takes its create with it, unless it sent a key: then
 * it may ask again, and the create is finished.
 * @throws AppError `invalid_request`, `quota_exceeded`, `idempotency_key_reused`, `session_not_ready` where another request
 * with this key still waits for the session, `session_ended` where it was deleted meanwhile, `runtime_unreachable`.
 */
export function createSession(services: SessionServices, request: CreateRequest): Promise<KnownSession> {
  const { tenantId, body, idempotencyKey: key, client } = request;
  const plan = planSession(services, request, newSessionId(services.now()));
  const { sessionId } = plan;
  if (key === undefined) {
    return services.pending.run(sessionId, client, (signal) => provisionSession(services, plan, signal, async () => {}));
  }
  return services.pending.run(sessionId, undefined, async (signal) => {
    const holder = await claimKey(services, { tenantId, key, sessionId, body });
    if (holder !== sessionId) return awaitCreated(services, { tenantId, key, sessionId: holder }, signal);
    return provisionSession(services, plan, signal, () => services.store.deleteIdempotency(tenantId, key, sessionId));
  });
}
