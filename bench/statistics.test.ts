import { expect, test } from 'vitest';
import { curveOf, median, percentile, ratiosOf, spreadOf } from './statistics.ts';

const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);

test('a percentile is a value that was measured, whatever the order of the values', () => {
  expect(percentile(hundred, 0.5)).toBe(51);
  expect(percentile(hundred, 0.95)).toBe(96);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([1, 2], 1)).toBe(2);
});

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('a spread has the median between the extremes', () => {
  expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
});

test('ratios compare the values of the same round', () => {
  expect(ratiosOf([10, 30], [5, 10])).toEqual([2, 3]);
  expect(ratiosOf([10, 30], [5])).toEqual([2]);
});

test('a curve rises with the share', () => {
  const values = curveOf(hundred).map(({ value }) => value);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(values.at(-1)).toBe(100);
});
