import type { Resources } from '@steppe/contracts/fields';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type {
  Instance,
  InstanceOwner,
  SessionProvisioner,
} from '../provisioner/session-provisioner.ts';
import { sameResources } from '../runtimes/choose-resources.ts';
import type { SessionRuntime } from '../runtimes/session-runtime.ts';
import { keepWarm, type PoolKeeper } from './keep-warm.ts';
import type { PoolMetrics } from './pool-metrics.ts';

export interface PoolOptions {
  provisioner: SessionProvisioner;
  runtimes: readonly SessionRuntime[];
  /** Time limit for the start of a warm instance. */
  startLimitMs: number;
  /**
   * How many warm instances of one runtime start at the same time. A cold start must not wait
   * behind a whole pool.
   */
  startsAtOnce: number;
  metrics: PoolMetrics;
  logger: Logger;
  clock: Clock;
}

/** The warm instances. All control-planes that use the same provisioner share them. */
export interface WarmPool {
  /** Starts keeping the pool of every runtime at its size. Idempotent. */
  fill(): void;
  /**
   * Claims a warm instance for the session; null if none fits. Never throws, because the session
   * can start cold instead.
   */
  claim(
    owner: InstanceOwner,
    runtime: SessionRuntime,
    resources: Resources,
  ): Promise<Instance | null>;
  /**
   * Replaces a claimed instance. Must be called after the create has finished, so that the two do
   * not slow each other down.
   */
  refill(runtime: SessionRuntime): void;
  /** Stops starting instances. Warm instances stay for the other control-planes. */
  close(): Promise<void>;
}

export function createWarmPool(options: PoolOptions): WarmPool {
  const { provisioner, runtimes, logger } = options;
  const keepers = new Map<string, PoolKeeper>();
  let stopListening = () => {};
  let isOpen = true;
  return {
    fill() {
      if (!isOpen || keepers.size > 0) return;
      for (const runtime of runtimes) {
        if (runtime.poolSize > 0) keepers.set(runtime.name, keepWarm(runtime, options));
      }
      stopListening = provisioner.watch(async (end) => {
        for (const keeper of keepers.values()) keeper.ended(end);
      });
    },
    async claim(owner, runtime, resources) {
      // A warm instance has the default resources, and they cannot be changed.
      if (runtime.poolSize === 0 || !sameResources(resources, runtime.default_resources))
        return null;
      try {
        const { name, version } = runtime;
        const claimed = await provisioner.claim({ owner, runtime: name, version });
        if (!claimed) {
          const fields = { session_id: owner.sessionId, runtime: name };
          logger.info(fields, 'no warm instance to claim');
        }
        return claimed;
      } catch (err) {
        logger.warn({ err, session_id: owner.sessionId }, 'could not claim a warm instance');
        return null;
      }
    },
    refill: ({ name }) => keepers.get(name)?.look(),
    async close() {
      isOpen = false;
      stopListening();
      await Promise.all([...keepers.values()].map((keeper) => keeper.stop()));
    },
  };
}
