import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ReconcilerServices, reconcile } from './reconcile.ts';

export interface ReconcilerTiming {
  /** From the end of a pass to the next. */
  intervalMs: number;
  /**
   * How long a replica that died keeps the others from taking over. Far above the interval, and
   * what the clocks differ by.
   */
  leaseMs: number;
}

export interface ReconcilerOptions extends ReconcilerTiming {
  /**
   * Resolves after `ms`, at the latest; early, and without throwing, when the signal is aborted.
   */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Reconciler {
  /**
   * Begins no further action, and frees the lease when the one that runs is done. Harmless twice.
   */
  close(): Promise<void>;
}

const leaseName = 'reconciler';

/**
 * Of all replicas that run one, the holder of a lease makes a pass in each interval, the first at
 * once.
 */
export function startReconciler(
  services: ReconcilerServices,
  options: ReconcilerOptions,
): Reconciler {
  const { store, logger, now, reconcilerMetrics: metrics } = services;
  const { intervalMs, leaseMs, sleep = sleepUnlessAborted } = options;
  const holder = randomUUID();
  const closing = new AbortController();

  const passOnce = async (): Promise<void> => {
    if (
      (await store.acquireLease(leaseName, holder, leaseMs, now(), { signal: closing.signal })) ===
      'held'
    ) {
      return metrics.standingBy();
    }
    const lost = new AbortController();
    const done = new AbortController();
    const renewing = renewUntil(done.signal, lost);
    const signal = AbortSignal.any([closing.signal, lost.signal]);
    try {
      const outcome = await reconcile(services, signal);
      metrics.passed(outcome, now());
    } catch (err) {
      metrics.passed(signal.aborted ? 'interrupted' : 'failed', now());
      throw err;
    } finally {
      done.abort();
      await renewing;
    }
  };

  /**
   * Every action is idempotent, so that a pass which loses its lease harms nobody; it only must not
   * go on for long.
   */
  const renewUntil = async (done: AbortSignal, lost: AbortController): Promise<void> => {
    let heldUntilMs = now() + leaseMs;
    for (;;) {
      await sleep(leaseMs / 3, done);
      if (done.aborted) return;
      const renewed = await store
        .renewLease(leaseName, holder, leaseMs, now())
        .catch(() => 'unknown' as const);
      if (renewed === 'renewed') heldUntilMs = now() + leaseMs;
      if (renewed === 'lost' || now() >= heldUntilMs)
        return lost.abort(new Error('another replica holds the lease'));
    }
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await passOnce().catch((err) => {
        if (!closing.signal.aborted)
          logger.error({ err }, 'reconciler pass stopped; the next pass continues');
      });
      await sleep(intervalMs, closing.signal);
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

const sleepUnlessAborted = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);
