import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { CreateSession } from '@steppe/contracts/session';
import { isAmbiguous } from '@steppe/session-store/errors';
import type { SessionWithState } from '../describe-session.ts';
import type { SessionServices } from '../session-services.ts';
import { writeTermination } from '../termination/record.ts';
import { errorCodeOf } from '../to-app-error.ts';
import { claimIdempotencyKey, type KeyClaim } from './claim-idempotency-key.ts';
import { type AttemptServices, CreateAttempt } from './create-attempt.ts';
import { causeOfFailure } from './create-failure.ts';
import { joinCreate } from './join-create.ts';
import { planSession, type SessionPlan } from './plan-session.ts';

export type CreateServices = AttemptServices &
  Pick<SessionServices, 'pending' | 'runtimes' | 'limits' | 'ids'>;

export interface CreateRequest {
  tenantId: TenantId;
  /** The tenant's limit of live sessions, if its token has one. */
  sessionQuota?: number | undefined;
  body: CreateSession;
  idempotencyKey: string | undefined;
  /** Resolves as soon as the session has its row; the create continues in the background. */
  respondAsync?: boolean;
  /** Aborted when the client disconnects. */
  client: AbortSignal;
}

/**
 * Creates a session that is ready, or nothing at all. If the client disconnects, its create is
 * rolled back, unless the client sent a key or already has its response: then the create finishes.
 * @throws AppError `invalid_request`, `quota_exceeded`, `idempotency_key_reused`,
 * `session_not_ready` if another request with this key still waits for the session, `session_ended`
 * if the session was deleted in the meantime, `provisioning_failed`.
 */
export function createSession(
  services: CreateServices,
  request: CreateRequest,
): Promise<SessionWithState> {
  const plan = planSession(services, request, services.ids.sessionId());
  if (!request.respondAsync) return runCreate(services, request, plan, () => {});
  return new Promise((resolve, reject) => {
    // The row records the outcome of everything after the response.
    const onAdmitted = () => resolve({ record: plan.record });
    runCreate(services, request, plan, onAdmitted).then(resolve, reject);
  });
}

function runCreate(
  services: CreateServices,
  request: CreateRequest,
  plan: SessionPlan,
  onAdmitted: () => void,
): Promise<SessionWithState> {
  const { tenantId, body, idempotencyKey: key, respondAsync, client } = request;
  const { store, pending } = services;
  const { sessionId } = plan;
  const attempt = (signal: AbortSignal, releaseKey: () => Promise<void>) =>
    new CreateAttempt(services, plan, { signal, onAdmitted, releaseKey }).run();
  if (key === undefined) {
    return pending.run(sessionId, respondAsync ? undefined : client, (signal) =>
      attempt(signal, async () => {}),
    );
  }
  // A request with an alias of the runtime is the same request.
  const claim = { tenantId, key, sessionId, body: { ...body, runtime: plan.runtime.name } };
  const until = respondAsync ? 'admitted' : 'ready';
  return pending.run(sessionId, undefined, async (signal) => {
    for (;;) {
      const holder = await claimAndCount(services, plan, claim);
      if (holder === sessionId)
        return attempt(signal, () => store.deleteIdempotency(tenantId, key, sessionId));
      const joined = { tenantId, key, sessionId: holder, until } as const;
      const created = await joinCreate(services, joined, signal);
      if (created) return created;
    }
  });
}

/** Also records a create in the metric if it fails before its attempt begins. */
async function claimAndCount(
  services: CreateServices,
  plan: SessionPlan,
  claim: KeyClaim,
): Promise<SessionId> {
  const { metrics, clock } = services;
  const begunAtMs = clock.monotonicMs();
  try {
    return await claimIdempotencyKey(services, claim);
  } catch (error) {
    if (isAmbiguous(error)) await recordAsFailed(services, plan, error);
    metrics.created({
      start: 'none',
      outcome: errorCodeOf(error),
      durationMs: clock.monotonicMs() - begunAtMs,
    });
    throw error;
  }
}

/**
 * The claim may still be written, and the key would then refer to a session that nobody creates.
 * The failed row reports this to the next request with the key.
 */
async function recordAsFailed(
  services: Pick<CreateServices, 'store' | 'metrics' | 'clock' | 'logger'>,
  { sessionId, record }: SessionPlan,
  error: unknown,
): Promise<void> {
  try {
    const cause = causeOfFailure(error);
    await writeTermination(services, { sessionId, cause, unwritten: record });
  } catch (err) {
    const fields = { err, session_id: sessionId };
    services.logger.error(fields, 'idempotency key not released');
  }
}
