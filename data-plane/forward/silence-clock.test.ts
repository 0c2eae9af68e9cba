import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSilenceClock, type SilenceClock } from './silence-clock.ts';

const limitMs = 1_000;
let isExcused: boolean;
let silences: number;
let clock: SilenceClock;
beforeEach(() => {
  vi.useFakeTimers();
  [isExcused, silences] = [false, 0];
  clock = createSilenceClock({ limitMs, isExcused: () => isExcused, onSilence: () => (silences += 1) });
});
afterEach(() => void vi.useRealTimers());

it('rings once nothing was heard for so long, counted from the last byte', () => {
  vi.advanceTimersByTime(10 * limitMs);
  clock.start();
  vi.advanceTimersByTime(limitMs - 1);
  clock.heard();
  vi.advanceTimersByTime(limitMs - 1);
  expect(silences).toBe(0);
  vi.advanceTimersByTime(1);
  expect(silences).toBe(1);
});

it('counts anew while the other side is excused, and rings after that', () => {
  clock.start();
  isExcused = true;
  vi.advanceTimersByTime(10 * limitMs);
  expect(silences).toBe(0);
  isExcused = false;
  vi.advanceTimersByTime(limitMs);
  expect(silences).toBe(1);
});

it('is still once it is stopped, also where it was started twice', () => {
  clock.start();
  clock.start();
  clock.stop();
  clock.heard();
  vi.advanceTimersByTime(10 * limitMs);
  expect([silences, vi.getTimerCount()]).toEqual([0, 0]);
});
