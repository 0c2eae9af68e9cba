import type { SessionRecord } from '@steppe/contracts/session-record';
import type { UpdateOutcome } from '@steppe/route-store/ports';
import { AppError } from '@steppe/service-kit/app-error';
import type { Instance } from '../provisioner/session-provisioner.ts';
import { runtimeVersion } from '../runtimes/runtime-version.ts';
import { CreateGivenUp, causeOfFailure, createFailure, isExplained } from './create-failure.ts';
import { causeOf } from './end-cause.ts';
import type { KnownSession } from './known-session.ts';
import type { SessionPlan } from './plan-session.ts';
import type { SessionServices } from './session-services.ts';
import { undoCreate } from './undo-create.ts';

/**
 * Takes a session from its plan to `ready`. Where a stage fails, everything that was done is undone before this throws.
 * @param releaseKey undoes the claim of the idempotency key.
 */
export async function provisionSession(
  services: SessionServices,
  plan: SessionPlan,
  signal: AbortSignal,
  releaseKey: () => Promise<void>,
): Promise<KnownSession> {
  let started: Instance | undefined;
  try {
    await takeQuota(services, plan, signal);
    await services.store.create(plan.record);
    started = await startInstance(services, plan, signal);
    return await bindAndPublish(services, plan, started, signal);
  } catch (error) {
    const over = await undoCreate(services, plan, { instanceId: started?.instanceId, error, releaseKey });
    if (!isExplained(error)) throw error;
    throw createFailure(plan.sessionId, over ? causeOf(over) : causeOfFailure(error), error);
  }
}

async function takeQuota(
  { store }: SessionServices,
  { record, sessionId, quota: max }: SessionPlan,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if ((await store.addLive(record.tenant_id, sessionId, max)) === 'added') return;
  throw new AppError(
    'quota_exceeded',
    `the tenant has ${max} live sessions, which is its quota; end one, or wait until one ends`,
    {
      details: { quota: max },
      headers: { 'Retry-After': '5' },
    },
  );
}

function startInstance({ provisioner }: SessionServices, plan: SessionPlan, signal: AbortSignal): Promise<Instance> {
  signal.throwIfAborted();
  const { sessionId, runtime, record } = plan;
  return provisioner.start({ sessionId, runtime, resources: record.resources, version: runtimeVersion(runtime), signal });
}

/** The instance's name is in the row before it is bound: whoever finds a half-made session finds its instance. */
async function bindAndPublish(
  { store, agents, now }: SessionServices,
  { record, binding }: SessionPlan,
  instance: Instance,
  signal: AbortSignal,
): Promise<KnownSession> {
  const { instanceId: instance_id, address } = instance;
  const named = requireUpdated(await store.update({ ...record, instance_id }, record.version));
  const epoch = await agents.bind(instance, binding, signal);
  signal.throwIfAborted();
  const ready_at = new Date(now()).toISOString();
  const ready = requireUpdated(await store.update({ ...record, state: 'ready', instance_id, address, ready_at }, named.version));
  return { record: ready, live: { epoch, last_active_at: ready_at } };
}

/** Only an end is written into a row that is not ready, so that a lost race means that the session is over. */
function requireUpdated(update: UpdateOutcome): SessionRecord {
  if (update.outcome === 'updated') return update.record;
  throw new CreateGivenUp({ reason: 'deleted', detail: 'the session was ended before it was ready' });
}
