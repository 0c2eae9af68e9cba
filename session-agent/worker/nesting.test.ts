import { expect, test } from 'vitest';
import { isDeeperThan } from './nesting.ts';

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { value };
  return value;
};

test('counts the levels of arrays and objects, and no more of them than it is asked about', () => {
  expect(isDeeperThan(1, 0)).toBe(false);
  expect(isDeeperThan([], 0)).toBe(true);
  expect(isDeeperThan(nested(100), 100)).toBe(false);
  expect(isDeeperThan(nested(101), 100)).toBe(true);
  expect(isDeeperThan([1, 'text', null, nested(3)], 3)).toBe(true);
  expect(isDeeperThan(nested(100_000), 100)).toBe(true);
});
