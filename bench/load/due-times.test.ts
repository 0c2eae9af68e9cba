import { expect, test } from 'vitest';
import { createRandom } from '../../test/support/random.ts';
import { poissonDueTimes } from './due-times.ts';

const dueTimes = poissonDueTimes({ perSecond: 1000, seconds: 20, random: createRandom(7) });
const gaps = dueTimes.slice(1).map((dueMs, at) => dueMs - (dueTimes[at] ?? 0));
const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;

test('due times rise and end with the load', () => {
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(dueTimes[0]).toBeGreaterThan(0);
  expect(dueTimes.at(-1)).toBeLessThan(20_000);
});

test('requests arrive at the rate on average', () => {
  expect(dueTimes.length).toBeGreaterThan(19_500);
  expect(dueTimes.length).toBeLessThan(20_500);
});

test('the gaps are those of a Poisson process: as wide as their mean, and mostly shorter', () => {
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  const shorter = gaps.filter((gap) => gap < mean).length / gaps.length;
  expect(shorter).toBeCloseTo(1 - 1 / Math.E, 1);
});

test('the same seed gives the same load', () => {
  const again = poissonDueTimes({ perSecond: 1000, seconds: 20, random: createRandom(7) });
  expect(again).toEqual(dueTimes);
});
