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
  ['100u', 0.0001],
  ['500000000n', 0.5],
  ['1E0', 1],
  ['1E3', 1_000],
  ['1e-1', 0.1],
  ['1e+2', 100],
  ['1.', 1],
  ['1.Ki', 1_024],
  ['+1', 1],
  ['0.5Gi', 536_870_912],
  ['1T', 1e12],
  ['1P', 1e15],
  ['1Ti', 2 ** 40],
  ['1Pi', 2 ** 50],
  ['1Ei', 2 ** 60],
])('reads %s as %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

it('parses every notation of a number to the same number', () => {
  const written = ['0.3', '.3', '300m', '300000u', '300000000n', '3e-1', '+3E-1', '0.0003k'];
  expect(new Set(written.map(parseQuantity))).toEqual(new Set([0.3]));
});

it.each([
  '',
  '.',
  '+',
  'Mi',
  '1.2.3',
  '1KB',
  '1K',
  '1ki',
  '-1',
  '1 Gi',
  '1mi',
  '1e',
  '1e1.5',
  '1Ee1',
  '1ni',
  '1\n',
])('refuses %j', (text) => {
  expect(() => parseQuantity(text)).toThrow('is not a quantity');
});
