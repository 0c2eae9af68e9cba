import type { SessionRecord } from '@steppe/contracts/session-record';
import type { UpdateOutcome } from '@steppe/route-store/ports';
import { AppError } from '@steppe/service-kit/app-error';
import type { Instance } from '../provisioner/session-provisioner.ts';
import { runtimeVersion } from '../runtimes/runtime-version.ts';
import { CreateGivenUp, causeOfFailure, createFailure, isExplained } from './create-failure.ts';
import { causeOf } from './end-cause.ts';
import type { KnownSession } from './known-session.ts';
import type { SessionPlan } from './plan-session.ts';
import type { CreateStart } from './session-metrics.ts';
import type { SessionServices } from './session-services.ts';
import { undoCreate } from './undo-create.ts';

export interface ProvisionOptions {
  signal: AbortSignal;
  /** Called once the session has its place in the quota and its row. */
  onAdmitted?: () => void;
  /** Undoes the claim of the idempotency key. */
  releaseKey: () => Promise<void>;
}

/** What a create has had so far; all of it is ended where it fails. */
interface Progress {
  instances: Instance[];
  start: CreateStart;
}

/** Takes a session from its plan to `ready`. Where a stage fails, everything that was done is undone before this throws. */
export async function provisionSession(
  services: SessionServices,
  plan: SessionPlan,
  { signal, onAdmitted, releaseKey }: ProvisionOptions,
): Promise<KnownSession> {
  const progress: Progress = { instances: [], start: 'none' };
  const begunAt = performance.now();
  const observe = (outcome: string) =>
    services.metrics.created({ start: progress.start, outcome, durationMs: performance.now() - begunAt });
  try {
    await takeQuota(services, plan, signal);
    await services.store.create(plan.record);
    onAdmitted?.();
    const known = await bindAndPublish(services, plan, progress, signal);
    observe('ready');
    return known;
  } catch (error) {
    observe(error instanceof AppError ? error.code : causeOfFailure(error).reason);
    const instanceIds = progress.instances.map(({ instanceId }) => instanceId);
    const over = await undoCreate(services, plan, { instanceIds, error, releaseKey });
    if (!isExplained(error)) throw error;
    throw createFailure(plan.sessionId, over ? causeOf(over) : causeOfFailure(error), error);
  } finally {
    services.pool.refill(plan.runtime);
  }
}

async function takeQuota(
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

async function bindAndPublish(
  services: SessionServices,
  plan: SessionPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<KnownSession> {
  const warm = await bindWarm(services, plan, progress, signal);
  const { named, instance, epoch } = warm.bound ?? (await bindCold(services, plan, warm.version, progress, signal));
  signal.throwIfAborted();
  const ready_at = new Date(services.now()).toISOString();
  const { instanceId: instance_id, address } = instance;
  const next = { ...plan.record, state: 'ready' as const, instance_id, address, ready_at };
  const ready = requireUpdated(await services.store.update(next, named.version));
  return { record: ready, live: { epoch, last_active_at: ready_at } };
}

interface Bound {
  instance: Instance;
  epoch: number;
  /** The row, with the name of the instance. */
  named: SessionRecord;
}

/** One that is warm takes a bind at once, or is not what it seems. */
const warmBindMs = 5_000;

/** Where there is no warm instance, or it cannot be bound, there is only the row's version. */
async function bindWarm(
  services: SessionServices,
  plan: SessionPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ bound?: Bound; version: number }> {
  const { sessionId, runtime, record } = plan;
  signal.throwIfAborted();
  const instance = await services.pool.claim(sessionId, runtime, record.resources);
  if (!instance) return { version: record.version };
  progress.instances.push(instance);
  progress.start = 'warm';
  const named = await nameInstance(services, plan, record.version, instance);
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(warmBindMs)]);
    return {
      bound: { instance, named, epoch: await services.agents.bind(instance, plan.binding, limit) },
      version: named.version,
    };
  } catch (err) {
    if (signal.aborted) throw err;
    const fields = { err, session_id: sessionId, instance_id: instance.instanceId };
    services.logger.warn(fields, 'a warm instance could not be bound; another starts in its place');
    return { version: named.version };
  }
}

async function bindCold(
  services: SessionServices,
  plan: SessionPlan,
  version: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Bound> {
  const { sessionId, runtime, record } = plan;
  const { provisioner, agents, logger } = services;
  progress.start = 'cold';
  const request = { sessionId, runtime, resources: record.resources, version: runtimeVersion(runtime), signal };
  const instance = await provisioner.start(request);
  const useless = progress.instances.splice(0, Number.POSITIVE_INFINITY, instance);
  try {
    const named = await nameInstance(services, plan, version, instance);
    return { instance, named, epoch: await agents.bind(instance, plan.binding, signal) };
  } finally {
    // Not before the row names another: their end would count as the session's.
    for (const { instanceId } of useless) {
      provisioner.end(instanceId).catch((err) => logger.error({ err, instance_id: instanceId }, 'could not end an instance'));
    }
  }
}

/** The instance's name is in the row before it is bound: whoever finds a half-made session finds its instance. */
const nameInstance = async ({ store }: SessionServices, { record }: SessionPlan, version: number, { instanceId }: Instance) =>
  requireUpdated(await store.update({ ...record, instance_id: instanceId }, version));

/** Only an end is written into a row that is not ready, so that a lost race means that the session is over. */
function requireUpdated(update: UpdateOutcome): SessionRecord {
  if (update.outcome === 'updated') return update.record;
  throw new CreateGivenUp({ reason: 'deleted', detail: 'the session was ended before it was ready' });
}
