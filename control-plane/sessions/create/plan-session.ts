import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { BindRequest } from '@steppe/contracts/internal';
import { limits } from '@steppe/contracts/limits';
import type { CreateSession } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import { chooseResources } from '../../runtimes/choose-resources.ts';
import { findRuntime } from '../../runtimes/find-runtime.ts';
import type { SessionRuntime } from '../../runtimes/session-runtime.ts';
import type { SessionServices } from '../session-services.ts';
import type { LiveRecord } from '../termination/cause.ts';

type ProvisioningRecord = Extract<LiveRecord, { state: 'provisioning' }>;

export interface SessionPlan {
  sessionId: SessionId;
  runtime: SessionRuntime;
  /** How many live sessions the tenant may have, including this one. */
  quota: number;
  record: ProvisioningRecord;
  binding: BindRequest;
}

interface PlannedRequest {
  tenantId: TenantId;
  sessionQuota?: number | undefined;
  body: CreateSession;
}

type Planner = Pick<SessionServices, 'runtimes' | 'limits' | 'clock'>;

/**
 * Decides everything about a session before any part of it exists.
 * @throws AppError `invalid_request`
 */
export function planSession(
  planner: Planner,
  request: PlannedRequest,
  sessionId: SessionId,
): SessionPlan {
  const { tenantId, body, sessionQuota = planner.limits.sessionsPerTenant } = request;
  const runtime = findRuntime(planner.runtimes, body.runtime);
  const resources = chooseResources(runtime, body.resources);
  const nowMs = planner.clock.now();
  const lifetime = {
    expires_at: expiresAt(nowMs, body.ttl_seconds, planner.limits.ttlSeconds),
    idle_timeout_seconds: body.idle_timeout_seconds,
  };
  const record: ProvisioningRecord = {
    session_id: sessionId,
    tenant_id: tenantId,
    version: 1,
    runtime: runtime.name,
    state: 'provisioning',
    created_at: new Date(nowMs).toISOString(),
    metadata: body.metadata,
    resources,
    ...lifetime,
  };
  return {
    sessionId,
    runtime,
    quota: Math.min(sessionQuota, limits.liveSessionsPerTenant),
    record,
    binding: { session_id: sessionId, tenant_id: tenantId, env: body.env, resources, ...lifetime },
  };
}

/** @throws AppError `invalid_request` if `ttlSeconds` is above the maximum. */
export function expiresAt(nowMs: number, ttlSeconds: number, maxSeconds: number): string {
  if (ttlSeconds <= maxSeconds) return new Date(nowMs + ttlSeconds * 1000).toISOString();
  const message = `ttl_seconds must be at most ${maxSeconds}`;
  throw new AppError('invalid_request', message, {
    details: { issues: [{ path: 'ttl_seconds', message }] },
  });
}
