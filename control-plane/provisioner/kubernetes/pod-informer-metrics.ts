import { Counter, Gauge, type Registry } from 'prom-client';
import type { PodInformerMetrics } from './api/follow-pods.ts';

/** Counts what the informer does, and shows how old its cache is. */
export function createPodInformerMetrics(
  registry: Registry,
  informer: () => { size: number; ageMs(): number },
): PodInformerMetrics {
  const lists = new Counter({
    name: 'steppe_pod_lists_total',
    help: 'Lists of all session pods by reason: start, gone (the watch could not continue).',
    labelNames: ['reason'],
    registers: [registry],
  });
  const watches = new Counter({
    name: 'steppe_pod_watches_total',
    help: 'Finished watches of session pods by outcome: closed (by the server), gone, silent, failed.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  new Gauge({
    name: 'steppe_pods',
    help: 'Session pods in the cache of this control-plane.',
    registers: [registry],
    collect() {
      this.set(informer().size);
    },
  });
  new Gauge({
    name: 'steppe_pod_cache_age_seconds',
    help: 'Time since the API server last told what is current; above 90 the watch is interrupted.',
    registers: [registry],
    collect() {
      this.set(informer().ageMs() / 1000);
    },
  });
  return {
    listed: (reason) => lists.inc({ reason }),
    watchEnded: (end) => watches.inc({ outcome: end }),
  };
}
