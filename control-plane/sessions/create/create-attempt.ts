import { AppError } from '@steppe/service-kit/http/app-error';
import { isAmbiguous } from '@steppe/session-store/errors';
import { firstEpoch } from '../agent-client.ts';
import type { CreateOutcome } from '../session-metrics.ts';
import type { SessionServices } from '../session-services.ts';
import type { SessionWithState } from '../session-with-state.ts';
import { asFailed, causeOf } from '../termination/cause.ts';
import { errorCodeOf } from '../to-app-error.ts';
import {
  type BindProgress,
  bindInstance,
  endedMeanwhile,
  requireUpdated,
} from './bind-instance.ts';
import { createFailure, isExplained } from './create-failure.ts';
import { findCause } from './find-cause.ts';
import type { SessionPlan } from './plan-session.ts';
import { rollbackCreate } from './rollback-create.ts';

export interface ProvisionOptions {
  signal: AbortSignal;
  /** Called once the session has its place in the quota and its row. */
  onAdmitted?: () => void;
  /** Releases the idempotency key. */
  releaseKey: () => Promise<void>;
}

/**
 * Takes a session from its plan to `ready`. Where a stage fails, everything that was done is rolled
 * back before this throws.
 */
export async function provisionSession(
  services: SessionServices,
  plan: SessionPlan,
  { signal, onAdmitted, releaseKey }: ProvisionOptions,
): Promise<SessionWithState> {
  const progress: BindProgress = { row: 'none', instances: [], start: 'none' };
  const begunAt = performance.now();
  const observe = (outcome: CreateOutcome) =>
    services.metrics.created({
      start: progress.start,
      outcome,
      durationMs: performance.now() - begunAt,
    });
  try {
    await reserveQuota(services, plan, signal);
    await createRow(services, plan, progress);
    onAdmitted?.();
    const known = await bindAndPublish(services, plan, progress, signal);
    observe('ready');
    return known;
  } catch (error) {
    const instanceIds = progress.instances.map(({ instanceId }) => instanceId);
    // Before the instance is ended, which would be how it ended.
    const found = await findCause(services, error, instanceIds.at(-1));
    const terminal = await rollbackCreate(services, plan, {
      row: progress.row,
      instanceIds,
      error,
      cause: found,
      releaseKey,
    });
    // Whoever ended the row first knows why; the create itself only sees that it was ended.
    const cause = terminal ? causeOf(terminal) : asFailed(found);
    observe(isExplained(error) ? cause.reason : errorCodeOf(error));
    throw isExplained(error) ? createFailure(plan.sessionId, cause, error) : error;
  } finally {
    services.pool.refill(plan.runtime);
  }
}

async function reserveQuota(
  { store }: SessionServices,
  { record, sessionId, quota }: SessionPlan,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if ((await store.addLive(record.tenant_id, sessionId, quota)) === 'added') return;
  throw new AppError(
    'quota_exceeded',
    `the tenant has ${quota} live sessions, which is its quota; end one, or wait until one ends`,
    {
      details: { quota },
      headers: { 'Retry-After': '5' },
    },
  );
}

async function createRow(
  { store }: SessionServices,
  { record }: SessionPlan,
  progress: BindProgress,
): Promise<void> {
  progress.row = 'in_doubt';
  try {
    if ((await store.create(record)) === 'exists') throw endedMeanwhile();
    progress.row = 'written';
  } catch (error) {
    if (!isAmbiguous(error)) progress.row = 'none';
    throw error;
  }
}

async function bindAndPublish(
  services: SessionServices,
  plan: SessionPlan,
  progress: BindProgress,
  signal: AbortSignal,
): Promise<SessionWithState> {
  const { named, instance } = await bindInstance(services, plan, progress, signal);
  signal.throwIfAborted();
  const ready_at = new Date(services.now()).toISOString();
  const { instanceId: instance_id, address } = instance;
  const next = { ...plan.record, state: 'ready' as const, instance_id, address, ready_at };
  const ready = requireUpdated(await services.store.update(next, named.version));
  return { record: ready, live: { epoch: firstEpoch, last_active_at: ready_at } };
}
