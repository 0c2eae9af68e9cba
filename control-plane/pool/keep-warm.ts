import type { InstanceEnd } from '../provisioner/session-provisioner.ts';
import type { SessionRuntime } from '../runtimes/session-runtime.ts';
import { withTimeout } from '../with-timeout.ts';
import { createEarlyExits } from './early-exits.ts';
import type { PoolOptions } from './warm-pool.ts';

/** Keeps the number of warm instances of one runtime at the size of its pool. */
export interface PoolKeeper {
  /** Counts immediately instead of at the next interval, because something may have changed. */
  look(): void;
  /** Must be called with the end of every instance. */
  ended(end: InstanceEnd): void;
  /** Resolves when none of the starts is running any more. */
  stop(): Promise<void>;
}

/** How often the pool is counted. The count is how claims by other control-planes are noticed. */
export const lookEveryMs = 5_000;
export const shortestBackOffMs = 500;
export const longestBackOffMs = 60_000;

/**
 * Counts the warm and starting instances of all control-planes and starts the missing ones. Two
 * control-planes that count at the same time may both start an instance; the pool is then too large
 * until one is claimed, or the reconciler retires one. Failed starts are retried with a backoff of
 * up to a minute. Instances that exit before they are claimed are also replaced with a backoff, from
 * the second exit on.
 */
export function keepWarm(runtime: SessionRuntime, options: PoolOptions): PoolKeeper {
  const { provisioner, metrics, logger, startLimitMs, startsAtOnce, clock } = options;
  const { name, version } = runtime;
  const stopping = new AbortController();
  const earlyExits = createEarlyExits();
  let wakeUp = new AbortController();
  const wait = (ms: number, signal: AbortSignal) => clock.sleep(ms, signal).catch(() => undefined);

  const countMissing = async (): Promise<number> => {
    const { warm, starting } = await provisioner.count({ runtime: name, version });
    metrics.size(runtime.name, warm, runtime.poolSize);
    return Math.max(0, runtime.poolSize - warm - starting);
  };

  const startOne = async () => {
    const resources = runtime.default_resources;
    const request = { runtime: name, resources, version, owner: null };
    const limit = { clock, signal: stopping.signal, limitMs: startLimitMs };
    const { instanceId } = await withTimeout(limit, (signal) =>
      provisioner.start({ ...request, signal }),
    );
    earlyExits.started(instanceId);
  };

  /** Returns whether every start succeeded. */
  const startMissing = async (missing: number): Promise<boolean> => {
    const starts = Array.from({ length: Math.min(missing, startsAtOnce) }, startOne);
    const failed = (await Promise.allSettled(starts)).filter(
      (start) => start.status === 'rejected',
    );
    if (failed.length === 0 || stopping.signal.aborted) return true;
    for (const { reason } of failed) {
      metrics.startFailed(runtime.name);
      logger.warn({ err: reason, runtime: runtime.name }, 'warm instance failed to start');
    }
    return false;
  };

  const keep = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      wakeUp = new AbortController();
      try {
        const missing = await countMissing();
        if (missing === 0) {
          await wait(lookEveryMs, wakeUp.signal);
          if (!wakeUp.signal.aborted) earlyExits.forget();
          continue;
        }
        const early = earlyExits.takeNew();
        if (early > 1) {
          await wait(backOffMs(early - 2), stopping.signal);
          continue;
        }
        if (await startMissing(missing)) {
          failures = 0;
          continue;
        }
      } catch (err) {
        logger.warn({ err, runtime: runtime.name }, 'could not count warm instances');
      }
      // A claim does not shorten the backoff: a start that failed a moment ago would fail again.
      await wait(backOffMs(failures), stopping.signal);
      failures += 1;
    }
  };

  const kept = keep();
  return {
    look: () => wakeUp.abort(),
    ended(end) {
      if (earlyExits.note(end)) {
        metrics.startFailed(runtime.name);
        const fields = {
          instance_id: end.instanceId,
          end_reason: end.reason,
          end_detail: end.detail,
        };
        logger.warn(
          { ...fields, runtime: runtime.name },
          'warm instance exited before it was claimed',
        );
      }
      if (!end.sessionId) wakeUp.abort();
    },
    async stop() {
      stopping.abort(new Error('the pool is closing'));
      wakeUp.abort();
      await kept;
    },
  };
}

const backOffMs = (before: number): number =>
  Math.min(shortestBackOffMs * 2 ** before, longestBackOffMs);
