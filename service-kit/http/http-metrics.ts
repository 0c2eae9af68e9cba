import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Outcome } from './call.ts';

export interface HttpMetrics {
  observe(request: {
    operation: string;
    status: number;
    outcome: Outcome;
    durationMs: number;
  }): void;
}

/**
 * Creates a registry that includes Node's own metrics; each service has one, even if several share
 * a process.
 */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Labels come from bounded sets: names of operations, status codes, error codes. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const requests = new Counter({
    name: 'steppe_http_requests_total',
    help: 'Requests by operation, status and outcome (ok, error, aborted, stalled, or an error code).',
    labelNames: ['operation', 'status', 'outcome'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'steppe_http_request_duration_seconds',
    help: 'Time from the request line to the end of the response, including user code.',
    labelNames: ['operation'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 120, 600, 3600],
    registers: [registry],
  });
  return {
    observe({ operation, status, outcome, durationMs }) {
      requests.inc({ operation, status: String(status), outcome });
      duration.observe({ operation }, durationMs / 1000);
    },
  };
}
