import { expect, test } from 'vitest';
import { alternate } from './alternate.ts';

test('each target has its turn every round, and the order turns around', async () => {
  const order: string[] = [];
  const target = (name: string) => async () => {
    order.push(name);
    return order.length;
  };
  const results = await alternate(3, { ours: target('ours'), peer: target('peer') });
  expect(order).toEqual(['ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  expect(results).toEqual({ ours: [1, 4, 5], peer: [2, 3, 6] });
});
