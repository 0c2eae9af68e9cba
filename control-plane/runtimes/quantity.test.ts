import { expect, it } from 'vitest';
import { parseQuantity } from './quantity.ts';

it.each([
  ['500m', 0.5],
  ['2', 2],
  ['.5', 0.5],
  ['0.1', 0.1],
  ['512Mi', 536_870_912],
  ['1Gi', 1_073_741_824],
  ['1G', 1_000_000_000],
  ['128e6', 128_000_000],
  ['1k', 1_000],
  ['1E', 1e18],
  ['9e999', Number.POSITIVE_INFINITY],
])('reads %s as %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

it.each(['', 'Mi', '1.2.3', '1KB', '-1', '1 Gi', '1mi'])('refuses %j', (text) => {
  expect(() => parseQuantity(text)).toThrow('is not a quantity');
});
