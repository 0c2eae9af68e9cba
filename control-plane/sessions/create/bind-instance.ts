import type { SessionRecord } from '@steppe/contracts/session-record';
import type { UpdateOutcome } from '@steppe/session-store/ports';
import type { Instance, InstanceOwner } from '../../provisioner/session-provisioner.ts';
import { runtimeVersion } from '../../runtimes/runtime-version.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { CreateStart } from '../session-metrics.ts';
import type { SessionServices } from '../session-services.ts';
import { CreateAbortedError } from './create-failure.ts';
import type { SessionPlan } from './plan-session.ts';

/** What a create has had so far; all of it is to be ended where the create fails. */
export interface BindProgress {
  /** `in_doubt`: the write of the row has begun, and its outcome is not known. */
  row: 'none' | 'in_doubt' | 'written';
  instances: Instance[];
  start: CreateStart;
}

interface Bound {
  instance: Instance;
  /** The row, with the name of the instance. */
  named: SessionRecord;
}

/**
 * Binds a warm instance to the session where there is one that lets itself be bound, else one that
 * is started for it. The instance's name is in the row before it is bound: whoever finds a
 * half-made session finds its instance.
 */
export async function bindInstance(
  services: SessionServices,
  plan: SessionPlan,
  progress: BindProgress,
  signal: AbortSignal,
): Promise<Bound> {
  signal.throwIfAborted();
  const warm = await bindWarm(services, plan, progress, signal);
  return warm.bound ?? bindCold(services, plan, warm.version, progress, signal);
}

/** One that is warm takes a bind at once, or is not what it seems. */
const warmBindMs = 5_000;

/** Where there is no warm instance, or it cannot be bound, there is only the row's version. */
async function bindWarm(
  services: SessionServices,
  plan: SessionPlan,
  progress: BindProgress,
  signal: AbortSignal,
): Promise<{ bound?: Bound; version: number }> {
  const { sessionId, runtime, record } = plan;
  const instance = await services.pool.claim(ownerOf(plan), runtime, record.resources);
  if (!instance) return { version: record.version };
  progress.instances.push(instance);
  progress.start = 'warm';
  const named = await nameInstance(services, plan, record.version, instance);
  try {
    await withTimeout(signal, warmBindMs, (limit) =>
      services.agents.bind(instance, plan.binding, limit),
    );
    return { bound: { instance, named }, version: named.version };
  } catch (err) {
    if (signal.aborted) throw err;
    const fields = { err, session_id: sessionId, instance_id: instance.instanceId };
    services.logger.warn(fields, 'could not bind a warm instance; starting another');
    return { version: named.version };
  }
}

async function bindCold(
  services: SessionServices,
  plan: SessionPlan,
  version: number,
  progress: BindProgress,
  signal: AbortSignal,
): Promise<Bound> {
  const { runtime, record } = plan;
  const { provisioner, agents, logger } = services;
  progress.start = 'cold';
  const request = {
    owner: ownerOf(plan),
    runtime,
    resources: record.resources,
    version: runtimeVersion(runtime),
    signal,
  };
  const instance = await provisioner.start(request);
  const useless = progress.instances.splice(0, Number.POSITIVE_INFINITY, instance);
  try {
    const named = await nameInstance(services, plan, version, instance);
    await agents.bind(instance, plan.binding, signal);
    return { instance, named };
  } finally {
    // Not before the row names another: their end would count as the session's.
    for (const { instanceId } of useless) {
      provisioner
        .end(instanceId)
        .catch((err) =>
          logger.error({ err, instance_id: instanceId }, 'could not end an instance'),
        );
    }
  }
}

const ownerOf = ({ sessionId, record }: SessionPlan): InstanceOwner => ({
  sessionId,
  tenantId: record.tenant_id,
});

const nameInstance = async (
  { store }: SessionServices,
  { record }: SessionPlan,
  version: number,
  { instanceId }: Instance,
) => requireUpdated(await store.update({ ...record, instance_id: instanceId }, version));

/**
 * Only an end is written into a row that is not ready, so that a lost race means that the session
 * is over.
 */
export function requireUpdated(update: UpdateOutcome): SessionRecord {
  if (update.outcome === 'updated') return update.record;
  throw endedMeanwhile();
}

export const endedMeanwhile = () =>
  new CreateAbortedError({
    reason: 'deleted',
    detail: 'the session was terminated before it was ready',
  });
