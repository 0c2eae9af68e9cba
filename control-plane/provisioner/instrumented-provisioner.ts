import type { Clock } from '@steppe/service-kit/process/clock';
import { Histogram, type Registry } from 'prom-client';
import type { SessionProvisioner } from './session-provisioner.ts';

type Call = 'start' | 'claim' | 'retire' | 'end' | 'list' | 'count';

/** Wraps a provisioner, and counts and times its calls. */
export function instrumentProvisioner(
  provisioner: SessionProvisioner,
  registry: Registry,
  clock: Pick<Clock, 'monotonicMs'>,
): SessionProvisioner {
  const duration = new Histogram({
    name: 'steppe_provisioner_call_duration_seconds',
    help: 'Provisioner calls by call and outcome (ok; none: a claim found no warm instance; failed).',
    labelNames: ['call', 'outcome'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  const measure = async <T>(call: Call, made: Promise<T>): Promise<T> => {
    const begunAtMs = clock.monotonicMs();
    const observe = (outcome: 'ok' | 'none' | 'failed') =>
      duration.observe({ call, outcome }, (clock.monotonicMs() - begunAtMs) / 1000);
    try {
      const result = await made;
      observe(result === null || result === false ? 'none' : 'ok');
      return result;
    } catch (error) {
      observe('failed');
      throw error;
    }
  };
  return {
    start: (request) => measure('start', provisioner.start(request)),
    claim: (request) => measure('claim', provisioner.claim(request)),
    retire: (instanceId) => measure('retire', provisioner.retire(instanceId)),
    end: (instanceId) => measure('end', provisioner.end(instanceId)),
    list: (options) => measure('list', provisioner.list(options)),
    count: (request) => measure('count', provisioner.count(request)),
    watch: (listener) => provisioner.watch(listener),
    close: () => provisioner.close(),
  };
}
