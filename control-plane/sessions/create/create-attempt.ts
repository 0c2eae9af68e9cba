import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';
import { isAmbiguous } from '@steppe/session-store/errors';
import type { UpdateOutcome } from '@steppe/session-store/ports';
import type { Instance } from '../../provisioner/session-provisioner.ts';
import { withTimeout } from '../../with-timeout.ts';
import { firstEpoch, InterpreterStartError } from '../agent-client.ts';
import type { SessionWithState } from '../describe-session.ts';
import type { CreateOutcome, CreateStart } from '../session-metrics.ts';
import type { SessionServices } from '../session-services.ts';
import { endedMeanwhile, failureAfter } from './create-failure.ts';
import type { SessionPlan } from './plan-session.ts';
import { type RowState, rollbackCreate } from './rollback-create.ts';

/** How long a warm instance may take to accept its bind before another one is started. */
export const warmBindTimeoutMs = 5_000;

export type AttemptServices = Pick<
  SessionServices,
  'store' | 'provisioner' | 'agents' | 'pool' | 'metrics' | 'logger' | 'clock'
>;

export interface AttemptOptions {
  /** Aborts the create. */
  signal: AbortSignal;
  /** Called once the session has its place in the quota and its row. */
  onAdmitted: () => void;
  /** Releases the idempotency key. */
  releaseKey: () => Promise<void>;
}

/** One create, from its plan to a ready session or to the rollback of all it did. */
export class CreateAttempt {
  readonly #services: AttemptServices;
  readonly #plan: SessionPlan;
  readonly #options: AttemptOptions;
  #row: RowState = 'none';
  /** The version of the row after its last write. */
  #version: number;
  /** Claimed or started instances that a rollback has to end. The last one is in use. */
  #instances: Instance[] = [];
  #start: CreateStart = 'none';

  constructor(services: AttemptServices, plan: SessionPlan, options: AttemptOptions) {
    this.#services = services;
    this.#plan = plan;
    this.#options = options;
    this.#version = plan.record.version;
  }

  /**
   * Brings the session to `ready`. If a stage fails, everything is rolled back before this throws.
   */
  async run(): Promise<SessionWithState> {
    const { metrics, pool, clock } = this.#services;
    const begunAtMs = clock.monotonicMs();
    const observe = (outcome: CreateOutcome) =>
      metrics.created({
        start: this.#start,
        outcome,
        durationMs: clock.monotonicMs() - begunAtMs,
      });
    try {
      await this.#reserveQuota();
      await this.#createRow();
      this.#options.onAdmitted();
      const instance = await this.#provision();
      const session = await this.#commit(instance);
      observe('ready');
      return session;
    } catch (caught) {
      const error = failureAfter(this.#options.signal, caught);
      const failure = await rollbackCreate(this.#services, {
        plan: this.#plan,
        row: this.#row,
        instances: this.#instances,
        releaseKey: this.#options.releaseKey,
        error,
      });
      observe(failure.outcome);
      throw failure.error;
    } finally {
      pool.refill(this.#plan.runtime);
    }
  }

  async #reserveQuota(): Promise<void> {
    const { record, sessionId, quota } = this.#plan;
    this.#options.signal.throwIfAborted();
    const reserved = await this.#services.store.addLive(record.tenant_id, sessionId, quota);
    if (reserved === 'added') return;
    throw new AppError('quota_exceeded', errorMessages.quota_exceeded(quota), {
      details: { quota },
      headers: { 'Retry-After': '5' },
    });
  }

  async #createRow(): Promise<void> {
    this.#row = 'in_doubt';
    try {
      if ((await this.#services.store.create(this.#plan.record)) === 'exists')
        throw endedMeanwhile();
      this.#row = 'written';
    } catch (error) {
      if (!isAmbiguous(error)) this.#row = 'none';
      throw error;
    }
  }

  /** Binds a warm instance if one accepts the bind. Otherwise starts an instance and binds it. */
  async #provision(): Promise<Instance> {
    this.#options.signal.throwIfAborted();
    return (await this.#bindWarm()) ?? (await this.#bindCold());
  }

  async #bindWarm(): Promise<Instance | null> {
    const { pool, agents, logger, clock } = this.#services;
    const { sessionId, runtime, record, binding } = this.#plan;
    const { signal } = this.#options;
    const instance = await pool.claim(this.#owner(), runtime, record.resources);
    if (!instance) return null;
    this.#instances.push(instance);
    this.#start = 'warm';
    const bind = (limit: AbortSignal) => agents.bind(instance, binding, limit);
    const bound = withTimeout({ clock, signal, limitMs: warmBindTimeoutMs }, bind).then(
      () => ({ ok: true }) as const,
      (err: unknown) => ({ ok: false, err }) as const,
    );
    // At the same time: since its claim the instance itself names the session, so that the reconciler
    // finds it, and its end is reported again until the row is ready.
    await this.#nameInstance(instance);
    const outcome = await bound;
    if (outcome.ok) return instance;
    const { err } = outcome;
    // Another instance would fail in the same way.
    if (signal.aborted || err instanceof InterpreterStartError) throw err;
    const fields = { err, session_id: sessionId, instance_id: instance.instanceId };
    logger.warn(fields, 'could not bind a warm instance; starting another');
    return null;
  }

  async #bindCold(): Promise<Instance> {
    const { provisioner, agents } = this.#services;
    const { runtime, record, binding } = this.#plan;
    const { signal } = this.#options;
    this.#start = 'cold';
    const instance = await provisioner.start({
      owner: this.#owner(),
      runtime: runtime.name,
      resources: record.resources,
      version: runtime.version,
      signal,
    });
    const unusable = this.#instances;
    this.#instances = [instance];
    try {
      await this.#nameInstance(instance);
      await agents.bind(instance, binding, signal);
      return instance;
    } finally {
      // They are ended only after the row names another instance: until then, their end would be
      // recorded as the end of the session.
      for (const { instanceId } of unusable) this.#endUnusable(instanceId);
    }
  }

  #endUnusable(instanceId: Instance['instanceId']): void {
    const { provisioner, logger } = this.#services;
    provisioner
      .end(instanceId)
      .catch((err) => logger.error({ err, instance_id: instanceId }, 'could not end an instance'));
  }

  /** Lets a delete that comes before the session is ready end its instance. */
  async #nameInstance({ instanceId }: Instance): Promise<void> {
    const named = { ...this.#plan.record, instance_id: instanceId };
    const row = requireUpdated(await this.#services.store.update(named, this.#version));
    this.#version = row.version;
  }

  async #commit({ instanceId: instance_id, address }: Instance): Promise<SessionWithState> {
    const { store, clock } = this.#services;
    this.#options.signal.throwIfAborted();
    const ready_at = new Date(clock.now()).toISOString();
    const next = { ...this.#plan.record, state: 'ready' as const, instance_id, address, ready_at };
    const update = await store.update(next, this.#version).catch((error: unknown) => {
      if (isAmbiguous(error)) this.#row = 'ready_in_doubt';
      throw error;
    });
    // Only this create makes the row ready: its write took effect, its response was lost, and the
    // client of a create that responds early has patched the session before the write was retried.
    const isPatched = update.outcome === 'lost' && update.current.state === 'ready';
    const record = isPatched ? update.current : requireUpdated(update);
    return { record, live: { epoch: firstEpoch, last_active_at: ready_at } };
  }

  #owner() {
    const { sessionId, record } = this.#plan;
    return { sessionId, tenantId: record.tenant_id };
  }
}

/**
 * Until a row is ready, others write only its termination. A lost write thus means a terminal row.
 */
function requireUpdated(update: UpdateOutcome) {
  if (update.outcome === 'updated') return update.record;
  throw endedMeanwhile();
}
