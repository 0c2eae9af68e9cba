import { limits } from '@steppe/contracts/limits';
import type { Registry } from 'prom-client';
import type { SessionServices } from '../sessions/session-services.ts';
import { createMissingInstances } from './missing-instances.ts';
import { type ReconcilerServices, reconcile } from './reconcile.ts';
import { createReconcilerMetrics } from './reconciler-metrics.ts';

export interface ReconcilerTiming {
  /** Time from the end of a pass to the start of the next; after a failed one it is shorter. */
  intervalMs: number;
  /**
   * How long a replica that died keeps the others from taking over. It must be much longer than the
   * interval and than the difference between the clocks of the replicas.
   */
  leaseMs: number;
}

export interface Reconciler {
  /**
   * Begins no further action, and releases the lease when the running action has finished.
   * Idempotent.
   */
  close(): Promise<void>;
}

const leaseName = 'reconciler';
/** Before the pass after a failed one; doubled with each further failure, up to the interval. */
const firstBackOffMs = 1_000;

/**
 * Starts a reconciler. In each interval, the replica that holds the lease makes a pass. The first
 * pass begins at once.
 */
export function startReconciler(
  services: ReconcilerServices,
  { intervalMs, leaseMs }: ReconcilerTiming,
): Reconciler {
  const { store, logger, clock, ids, reconcilerMetrics: metrics } = services;
  const sleep = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal).catch(() => undefined);
  const holder = ids.uuid();
  const closing = new AbortController();

  const passOnce = async (): Promise<void> => {
    if (
      (await store.acquireLease(leaseName, holder, leaseMs, clock.now(), {
        signal: closing.signal,
      })) === 'held'
    ) {
      return metrics.standingBy();
    }
    // Aborts when the lease is lost or this reconciler closes.
    const stopping = new AbortController();
    const onClose = () => stopping.abort(closing.signal.reason);
    closing.signal.addEventListener('abort', onClose, { once: true });
    if (closing.signal.aborted) onClose();
    const { signal } = stopping;
    const startedMs = clock.monotonicMs();
    const pass = () => ({
      endedAtMs: clock.now(),
      durationMs: clock.monotonicMs() - startedMs,
    });
    const done = new AbortController();
    const renewing = renewUntil(done.signal, stopping);
    try {
      const outcome = await reconcile(services, signal);
      metrics.passed(outcome, pass());
    } catch (err) {
      metrics.passed(signal.aborted ? 'interrupted' : 'failed', pass());
      throw err;
    } finally {
      closing.signal.removeEventListener('abort', onClose);
      done.abort();
      await renewing;
    }
  };

  /**
   * Aborts `lost` when another replica holds the lease. A pass that lost its lease does no harm,
   * because every action is idempotent, but it must stop soon.
   */
  const renewUntil = async (done: AbortSignal, lost: AbortController): Promise<void> => {
    let heldUntilMs = clock.now() + leaseMs;
    for (;;) {
      await sleep(leaseMs / 3, done);
      if (done.aborted) return;
      const renewed = await store
        .renewLease(leaseName, holder, leaseMs, clock.now())
        .catch(() => 'unknown' as const);
      if (renewed === 'renewed') heldUntilMs = clock.now() + leaseMs;
      if (renewed === 'lost' || clock.now() >= heldUntilMs)
        return lost.abort(new Error('another replica holds the lease'));
    }
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      try {
        await passOnce();
        failures = 0;
      } catch (err) {
        failures += 1;
        if (!closing.signal.aborted)
          logger.error({ err }, 'reconciler pass stopped; the next pass continues');
      }
      // One refused request of a sweep stops the pass: sessions must not wait a whole interval.
      const backOffMs = failures > 0 ? firstBackOffMs * 2 ** (failures - 1) : intervalMs;
      await sleep(Math.min(backOffMs, intervalMs), closing.signal);
    }
    await store
      .releaseLease(leaseName, holder)
      .catch((err) => logger.warn({ err }, 'lease not released; it stays until it expires'));
  };
  const running = run();
  return {
    async close() {
      closing.abort(new Error('the control-plane closes'));
      await running;
    },
  };
}

/** What a reconciler needs, beside what it shares with the operations on sessions. */
export const reconcilerServices = (
  services: SessionServices,
  graceMs: number,
  registry: Registry,
): ReconcilerServices => ({
  ...services,
  rules: {
    provisioningMs: services.limits.provisioningMs,
    graceMs,
    longestStepMs: limits.maxTimeoutMs,
  },
  startedAtMs: services.clock.now(),
  versions: new Map(services.runtimes.map(({ name, version }) => [name, version])),
  poolSizes: new Map(services.runtimes.map(({ name, poolSize }) => [name, poolSize])),
  missing: createMissingInstances(),
  reconcilerMetrics: createReconcilerMetrics(registry),
});
