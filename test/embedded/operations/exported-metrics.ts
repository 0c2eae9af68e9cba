import { createHttpMetrics, createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import * as z from 'zod';
import { createPoolMetrics } from '../../../control-plane/pool/pool-metrics.ts';
import { instrumentProvisioner } from '../../../control-plane/provisioner/instrumented-provisioner.ts';
import { createPodInformerMetrics } from '../../../control-plane/provisioner/kubernetes/pod-informer-metrics.ts';
import type { SessionProvisioner } from '../../../control-plane/provisioner/session-provisioner.ts';
import { createReconcilerMetrics } from '../../../control-plane/reconciler/reconciler-metrics.ts';
import { createSessionMetrics } from '../../../control-plane/sessions/session-metrics.ts';
import { createForwardMetrics } from '../../../data-plane/telemetry/forward-metrics.ts';

/** The content of a registry; prom-client's types leave the labels out. */
const metricsSchema = z.array(
  z.object({ name: z.string(), type: z.string(), labelNames: z.array(z.string()) }),
);

const scraped = ['service', 'instance', 'job'];

/**
 * For each series of our services, by the name that Prometheus stores it under: its labels,
 * including those that a scrape adds.
 */
export function labelsOfSeries(): Map<string, Set<string>> {
  const registry = createRegistry('either plane');
  createHttpMetrics(registry);
  createPoolMetrics(registry);
  createSessionMetrics(registry);
  createReconcilerMetrics(registry);
  instrumentProvisioner(idle, registry, systemClock);
  createPodInformerMetrics(registry, () => ({ size: 0, ageMs: () => 0 }));
  createForwardMetrics(registry, { stats: {} });
  return new Map(
    metricsSchema.parse(registry.getMetricsAsArray()).flatMap(({ name, type, labelNames }) => {
      const labels = new Set([...scraped, ...labelNames]);
      if (type !== 'histogram') return [[name, labels] as const];
      return [
        [`${name}_bucket`, new Set([...labels, 'le'])] as const,
        [`${name}_sum`, labels] as const,
        [`${name}_count`, labels] as const,
      ];
    }),
  );
}

const never = () => Promise.reject(new Error('it must not be called'));
const idle: SessionProvisioner = {
  start: never,
  claim: never,
  retire: never,
  end: never,
  list: never,
  count: never,
  watch: () => () => {},
  close: never,
};
