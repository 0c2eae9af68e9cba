import type { Resources } from '@steppe/contracts/fields';
import type { Logger } from '@steppe/service-kit/process/logger';
import type {
  Instance,
  InstanceOwner,
  SessionProvisioner,
} from '../provisioner/session-provisioner.ts';
import { sameResources } from '../runtimes/choose-resources.ts';
import type { RuntimeDefinition } from '../runtimes/runtime-definition.ts';
import { runtimeVersion } from '../runtimes/runtime-version.ts';
import { keepWarm, type PoolKeeper } from './keep-warm.ts';
import type { PoolMetrics } from './pool-metrics.ts';

export interface PoolOptions {
  provisioner: SessionProvisioner;
  runtimes: readonly RuntimeDefinition[];
  /** Time in which a warm instance has to be ready. */
  startLimitMs: number;
  /**
   * Warm instances of one runtime that start at a time: those that start cold meanwhile must not
   * wait behind a whole pool.
   */
  startsAtOnce: number;
  metrics: PoolMetrics;
  logger: Logger;
  /** Resolves after that many milliseconds, or when the signal is aborted, whichever is first. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The warm instances, which this control-plane shares with all others of its provisioner. */
export interface WarmPool {
  /** Begins to keep every runtime's pool at its size. Harmless twice. */
  fill(): void;
  /**
   * A warm instance, which is the session's from now on; null where none fits. Never throws: a cold
   * start does as well.
   */
  claim(
    owner: InstanceOwner,
    runtime: RuntimeDefinition,
    resources: Resources,
  ): Promise<Instance | null>;
  /**
   * What was claimed is to be replaced; called when the session has it, so that the two do not slow
   * each other down.
   */
  refill(runtime: RuntimeDefinition): void;
  /** Starts no more. What is warm stays, for whoever shares it. */
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
      // A warm one has the default resources, and cannot be given others.
      if (runtime.poolSize === 0 || !sameResources(resources, runtime.default_resources))
        return null;
      try {
        return await provisioner.claim({
          owner,
          runtime: runtime.name,
          version: runtimeVersion(runtime),
        });
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
