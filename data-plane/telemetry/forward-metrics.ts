import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Agent } from 'undici';
import type { ResolvedRoute } from '../routing/resolve-route.ts';

export interface ForwardMetrics {
  countRoute(source: ResolvedRoute['source']): void;
  countRetry(target: 'agent' | 'control_plane'): void;
  countResumption(point: 'no_response' | 'midway'): void;
  /** Records the time from the request's arrival until it was handed to its connection. */
  observeAdded(addedMs: number): void;
}

/** @param upstream the dispatcher whose connections are counted when the metrics are read. */
export function createForwardMetrics(
  registry: Registry,
  upstream: Pick<Agent, 'stats'>,
): ForwardMetrics {
  countConnections(registry, upstream);
  const routes = new Counter({
    name: 'steppe_routes_total',
    help: 'Resolved routes by source (hit: cached; stale: cached and expired; miss: read from the store).',
    labelNames: ['source'],
    registers: [registry],
  });
  const retries = new Counter({
    name: 'steppe_upstream_retries_total',
    help: 'Retries after a connection failed.',
    labelNames: ['target'],
    registers: [registry],
  });
  const resumptions = new Counter({
    name: 'steppe_upstream_resumptions_total',
    help: 'Agent responses that were interrupted and resumed without an effect on the client, by point (no_response, midway).',
    labelNames: ['point'],
    registers: [registry],
  });
  const added = new Histogram({
    name: 'steppe_forward_added_seconds',
    help: 'Time from the arrival of a request to its dispatch on an upstream connection.',
    buckets: [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  });
  return {
    countRoute: (source) => routes.inc({ source }),
    countRetry: (target) => retries.inc({ target }),
    countResumption: (point) => resumptions.inc({ point }),
    observeAdded: (addedMs) => added.observe(addedMs / 1000),
  };
}

function countConnections(registry: Registry, upstream: Pick<Agent, 'stats'>): void {
  new Gauge({
    name: 'steppe_upstream_connections',
    help: 'Connections to agents and the control-plane by state (busy, idle).',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const pools = Object.values(upstream.stats);
      const idle = pools.reduce((sum, pool) => sum + ('free' in pool ? pool.free : 0), 0);
      this.set({ state: 'idle' }, idle);
      this.set(
        { state: 'busy' },
        pools.reduce((sum, pool) => sum + Number(pool.connected), 0) - idle,
      );
    },
  });
}
