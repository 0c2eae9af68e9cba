import { AppError } from '@steppe/service-kit/http/app-error';
import { isAmbiguous } from '@steppe/session-store/errors';
import type { UpdateOutcome } from '@steppe/session-store/ports';
import type { Instance } from '../../provisioner/session-provisioner.ts';
import { runtimeVersion } from '../../runtimes/runtime-version.ts';
import { withTimeout } from '../../with-timeout.ts';
import { firstEpoch } from '../agent-client.ts';
import type { SessionWithState } from '../describe-session.ts';
import { retry } from '../retry.ts';
import type { CreateOutcome, CreateStart } from '../session-metrics.ts';
import type { SessionServices } from '../session-services.ts';
import {
  asFailed,
  causeOf,
  type TerminalRecord,
  type TerminationCause,
} from '../termination/cause.ts';
import { writeTermination } from '../termination/record.ts';
import { errorCodeOf } from '../to-app-error.ts';
import { CreateAbortedError, createFailure, isExplained } from './create-failure.ts';
import { findCause } from './find-cause.ts';
import type { SessionPlan } from './plan-session.ts';

/** How long a warm instance may take to accept its bind before another one is started. */
export const warmBindTimeoutMs = 5_000;
/** Retries of one step of a rollback. Few: the client waits for the rollback. */
export const rollbackDelaysMs = [50, 200];

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

/** One create, from its plan to a ready session or to the rollback of everything that it did. */
export class CreateAttempt {
  readonly #services: AttemptServices;
  readonly #plan: SessionPlan;
  readonly #options: AttemptOptions;
  /** `in_doubt`: the write of the row has begun, and its outcome is unknown. */
  #row: 'none' | 'in_doubt' | 'written' = 'none';
  /** Of the row, after its last write. */
  #version: number;
  /** Claimed or started, and not handed to the provisioner to be ended. The last one is in use. */
  #instances: Instance[] = [];
  #start: CreateStart = 'none';

  constructor(services: AttemptServices, plan: SessionPlan, options: AttemptOptions) {
    this.#services = services;
    this.#plan = plan;
    this.#options = options;
    this.#version = plan.record.version;
  }

  /** Takes the session to `ready`. Where a stage fails, everything is rolled back before this throws. */
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
    } catch (error) {
      const failure = await this.#rollback(error);
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
    throw new AppError(
      'quota_exceeded',
      `the tenant has ${quota} live sessions, which is its quota; end one, or wait until one ends`,
      { details: { quota }, headers: { 'Retry-After': '5' } },
    );
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

  /** Binds a warm instance if there is one that accepts the bind, else one that is started. */
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
    await this.#nameInstance(instance);
    try {
      const bind = (limit: AbortSignal) => agents.bind(instance, binding, limit);
      await withTimeout({ clock, signal, limitMs: warmBindTimeoutMs }, bind);
      return instance;
    } catch (err) {
      if (signal.aborted) throw err;
      const fields = { err, session_id: sessionId, instance_id: instance.instanceId };
      logger.warn(fields, 'could not bind a warm instance; starting another');
      return null;
    }
  }

  async #bindCold(): Promise<Instance> {
    const { provisioner, agents } = this.#services;
    const { runtime, record, binding } = this.#plan;
    const { signal } = this.#options;
    this.#start = 'cold';
    const { resources } = record;
    const version = runtimeVersion(runtime);
    const instance = await provisioner.start({
      owner: this.#owner(),
      runtime,
      resources,
      version,
      signal,
    });
    const unusable = this.#instances;
    this.#instances = [instance];
    try {
      await this.#nameInstance(instance);
      await agents.bind(instance, binding, signal);
      return instance;
    } finally {
      // Not before the row names another: their end would be recorded as the session's.
      for (const { instanceId } of unusable) this.#endUnusable(instanceId);
    }
  }

  #endUnusable(instanceId: Instance['instanceId']): void {
    const { provisioner, logger } = this.#services;
    provisioner
      .end(instanceId)
      .catch((err) => logger.error({ err, instance_id: instanceId }, 'could not end an instance'));
  }

  /** Before the bind, so that whoever finds a half-made session finds its instance. */
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
    const record = requireUpdated(await store.update(next, this.#version));
    return { record, live: { epoch: firstEpoch, last_active_at: ready_at } };
  }

  /** Returns the outcome of the create for its metric and the error for its caller. */
  async #rollback(error: unknown): Promise<{ outcome: CreateOutcome; error: unknown }> {
    if (isRefused(error)) {
      await this.#compensate('idempotency key', this.#options.releaseKey);
      return { outcome: errorCodeOf(error), error };
    }
    const instanceId = this.#instances.at(-1)?.instanceId;
    // Before the instance is ended, which would then be the reason of its end.
    const found = await findCause(this.#services, error, instanceId);
    const terminal = await this.#compensateAll(found);
    this.#logRollback(error, found, terminal);
    if (!isExplained(error)) return { outcome: errorCodeOf(error), error };
    // Whoever made the row terminal first knows why; the create only sees that it is terminal.
    const cause = terminal ? causeOf(terminal) : asFailed(found);
    return { outcome: cause.reason, error: createFailure(this.#plan.sessionId, cause, error) };
  }

  /**
   * Compensates every call that the create may have made, including calls that threw. Returns the
   * terminal row, if there is one.
   */
  async #compensateAll(cause: TerminationCause): Promise<TerminalRecord | null> {
    const { store, provisioner } = this.#services;
    const { sessionId, record } = this.#plan;
    const unwritten = this.#row === 'in_doubt' ? { unwritten: record } : {};
    // The row comes first, so that a notification of the instance's end finds it recorded.
    const written = await this.#compensate('row', () =>
      writeTermination(this.#services, { sessionId, cause, ...unwritten }),
    );
    await Promise.all([
      // A row that may still be live keeps its place in the quota; whoever ends it releases both.
      written && this.#compensate('quota', () => store.removeLive(record.tenant_id, sessionId)),
      this.#compensate('idempotency key', this.#options.releaseKey),
      ...this.#instances.map(({ instanceId }) =>
        this.#compensate('instance', () => provisioner.end(instanceId)),
      ),
    ]);
    return written?.terminal ?? null;
  }

  /** Never throws: what cannot be compensated is logged, and the row leads the reconciler to it. */
  async #compensate<T>(what: string, action: () => Promise<T>): Promise<T | null> {
    const { clock, logger } = this.#services;
    try {
      return await retry(action, { clock, delaysMs: rollbackDelaysMs });
    } catch (err) {
      logger.error({ ...this.#fields(), err, what }, 'could not roll back a create');
      return null;
    }
  }

  #logRollback(err: unknown, cause: TerminationCause, terminal: TerminalRecord | null): void {
    if (!terminal) return;
    const { logger } = this.#services;
    const { end_reason, end_detail } = terminal;
    // The log has the whole detail, the row a shortened one.
    const { reason, detail } = cause;
    const fields = { ...this.#fields(), err };
    logger.info(
      { ...fields, end_reason, end_detail, reason: { reason, detail } },
      'create rolled back',
    );
    if (!isExplained(err)) logger.error(fields, 'create failed with an internal error');
  }

  #owner() {
    const { sessionId, record } = this.#plan;
    return { sessionId, tenantId: record.tenant_id };
  }

  #fields() {
    const instanceId = this.#instances.at(-1)?.instanceId;
    return { session_id: this.#plan.sessionId, instance_id: instanceId };
  }
}

/**
 * A full quota means that nothing was done except for claiming the key. Such refusals come in
 * floods and must be cheap.
 */
const isRefused = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'quota_exceeded';

/** Until a row is ready, others write only its termination: a lost race means that it is terminal. */
function requireUpdated(update: UpdateOutcome) {
  if (update.outcome === 'updated') return update.record;
  throw endedMeanwhile();
}

const endedMeanwhile = () =>
  new CreateAbortedError({
    reason: 'deleted',
    detail: 'the session was terminated before it was ready',
  });
