import { newSessionId, type SessionId, type TenantId } from '@steppe/contracts/ids';
import type { CreateSession } from '@steppe/contracts/session';
import { isAmbiguous } from '@steppe/session-store/errors';
import type { SessionServices } from '../session-services.ts';
import type { SessionWithState } from '../session-with-state.ts';
import { writeTermination } from '../termination/record.ts';
import { errorCodeOf } from '../to-app-error.ts';
import { claimIdempotencyKey, type KeyClaim } from './claim-idempotency-key.ts';
import { provisionSession } from './create-attempt.ts';
import { causeOfFailure } from './create-failure.ts';
import { joinCreate } from './join-create.ts';
import { planSession, type SessionPlan } from './plan-session.ts';

export interface CreateRequest {
  tenantId: TenantId;
  /** Of the tenant's live sessions, where its token says one. */
  sessionQuota?: number | undefined;
  body: CreateSession;
  idempotencyKey: string | undefined;
  /** Gives the session as soon as it has its row, and makes it ready meanwhile. */
  respondAsync?: boolean;
  /** Aborted when the client leaves. */
  client: AbortSignal;
}

/**
 * Makes a session that is ready, or nothing at all. A client that leaves takes its create with it,
 * unless it sent a key or has its response already: then it may retry, and the create finishes.
 * @throws AppError `invalid_request`, `quota_exceeded`, `idempotency_key_reused`,
 * `session_not_ready` where another request with this key still waits for the session,
 * `session_ended` where it was deleted meanwhile, `runtime_unreachable`.
 */
export function createSession(
  services: SessionServices,
  request: CreateRequest,
): Promise<SessionWithState> {
  const plan = planSession(services, request, newSessionId(services.now()));
  if (!request.respondAsync) return runCreate(services, request, plan, () => {});
  return new Promise((resolve, reject) => {
    // What comes of it later is in the row.
    runCreate(services, request, plan, () => resolve({ record: plan.record })).then(
      resolve,
      reject,
    );
  });
}

function runCreate(
  services: SessionServices,
  request: CreateRequest,
  plan: SessionPlan,
  onAdmitted: () => void,
): Promise<SessionWithState> {
  const { tenantId, body, idempotencyKey: key, respondAsync, client } = request;
  const { store, pending } = services;
  const { sessionId } = plan;
  const provision = (signal: AbortSignal, releaseKey: () => Promise<void>) =>
    provisionSession(services, plan, { signal, onAdmitted, releaseKey });
  if (key === undefined) {
    return pending.run(sessionId, respondAsync ? undefined : client, (signal) =>
      provision(signal, async () => {}),
    );
  }
  return pending.run(sessionId, undefined, async (signal) => {
    const until = respondAsync ? 'admitted' : 'ready';
    // An alias requests the same.
    const claim = { tenantId, key, sessionId, body: { ...body, runtime: plan.runtime.name } };
    for (;;) {
      const holder = await claimWithMetrics(services, plan, claim);
      if (holder === sessionId)
        return provision(signal, () => store.deleteIdempotency(tenantId, key, sessionId));
      const created = await joinCreate(
        services,
        { tenantId, key, sessionId: holder, until },
        signal,
      );
      if (created) return created;
    }
  });
}

/** A create that fails before it is provisioned is counted all the same. */
async function claimWithMetrics(
  services: SessionServices,
  plan: SessionPlan,
  claim: KeyClaim,
): Promise<SessionId> {
  const begunAt = performance.now();
  try {
    return await claimIdempotencyKey(services, claim);
  } catch (error) {
    if (isAmbiguous(error)) await recordAsFailed(services, plan, error);
    services.metrics.created({
      start: 'none',
      outcome: errorCodeOf(error),
      durationMs: performance.now() - begunAt,
    });
    throw error;
  }
}

/**
 * The claim may still come, and the key would stand for a session that nobody makes: the row tells
 * whoever finds it.
 */
async function recordAsFailed(
  { store, metrics, logger, now }: SessionServices,
  plan: SessionPlan,
  error: unknown,
): Promise<void> {
  const { sessionId, record } = plan;
  try {
    await writeTermination({
      store,
      metrics,
      now,
      sessionId,
      cause: causeOfFailure(error),
      unwritten: record,
    });
  } catch (err) {
    logger.error({ err, session_id: sessionId }, 'claim of an idempotency key not compensated');
  }
}
