import { expect, test } from 'vitest';
import { useTarget } from '../../support/use-target.ts';
import { quantile, recordFigure } from '../harness/figures.ts';

const target = useTarget();

test('a thousand routed steps see what the steps before them left in memory', async () => {
  const client = await target().newClient();
  const { session_id: id } = await client.createSession({ runtime: 'python' });
  await client.run(id, 'x = 0');
  const durationsMs: number[] = [];
  for (let step = 0; step < 1_000; step += 1) {
    const startedAt = performance.now();
    await client.run(id, 'x += 1');
    durationsMs.push(performance.now() - startedAt);
  }
  expect((await client.run(id, 'x')).results).toMatchObject([{ 'text/plain': '1000' }]);
  const budget = '200 ms in the original goal';
  recordFigure({ what: 'routed step, p95', ms: quantile(durationsMs, 0.95), budget });
});
