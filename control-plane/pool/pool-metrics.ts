import { Counter, Gauge, type Registry } from 'prom-client';

export interface PoolMetrics {
  /** The number of warm instances of a runtime in all control-planes, and the desired number. */
  size(runtime: string, warm: number, target: number): void;
  startFailed(runtime: string): void;
}

/** The label is the name of a runtime. Its values are bounded by the operator's list. */
export function createPoolMetrics(registry: Registry): PoolMetrics {
  const labelNames = ['runtime'] as const;
  const warm = new Gauge({
    name: 'steppe_pool_instances',
    help: 'Warm instances that are ready to be claimed, of all control-planes.',
    labelNames,
    registers: [registry],
  });
  const target = new Gauge({
    name: 'steppe_pool_target',
    help: 'Desired warm instances.',
    labelNames,
    registers: [registry],
  });
  const failures = new Counter({
    name: 'steppe_pool_start_failures_total',
    help: 'Starts of warm instances that failed, and of those that ended by themselves before they were claimed.',
    labelNames,
    registers: [registry],
  });
  return {
    size(runtime, found, wanted) {
      warm.set({ runtime }, found);
      target.set({ runtime }, wanted);
    },
    startFailed: (runtime) => failures.inc({ runtime }),
  };
}
