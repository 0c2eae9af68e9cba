import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { expect, it } from 'vitest';
import { createReconcilerMetrics } from './reconciler-metrics.ts';

it('stops reporting its counts when another replica reconciles', async () => {
  const registry = createRegistry('test');
  const metrics = createReconcilerMetrics(registry);
  const valuesOf = async (name: string) =>
    (await registry.getSingleMetric(name)?.get())?.values.map(({ value }) => value);
  metrics.observed({ rows: [{ state: 'ready' }], corrupt: 2 });
  expect(await valuesOf('steppe_sessions_live')).toEqual([0, 1]);
  expect(await valuesOf('steppe_reconciler_corrupt_items')).toEqual([2]);
  metrics.standingBy();
  expect(await valuesOf('steppe_sessions_live')).toEqual([]);
  expect(await valuesOf('steppe_reconciler_corrupt_items')).toEqual([0]);
});
