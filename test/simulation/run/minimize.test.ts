import { expect, test } from 'vitest';
import { minimize } from './minimize.ts';

const items = Array.from({ length: 40 }, (_, at) => at);

async function leftOf(causes: readonly number[]) {
  let runs = 0;
  const left = await minimize(items, async (rest) => {
    runs += 1;
    return causes.every((cause) => rest.includes(cause));
  });
  return { left, runs };
}

test.each([[[]], [[0]], [[39]], [[7, 8]], [[0, 20, 39]]])(
  'leaves the causes %j, and nothing else',
  async (causes) => {
    const { left, runs } = await leftOf(causes);
    expect(left).toEqual(causes);
    expect(runs).toBeLessThan(200);
  },
);

test('runs one cause of many a few times only', async () => {
  expect((await leftOf([13])).runs).toBeLessThan(25);
});
