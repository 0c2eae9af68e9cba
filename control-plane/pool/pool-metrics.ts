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
    help: 'Warm instances of all control-planes that are ready to be claimed.',
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
    help: 'Warm instances that failed to start or exited before a claim.',
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
