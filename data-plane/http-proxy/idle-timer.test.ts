import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IdleTimer } from './idle-timer.ts';

const limitMs = 1_000;
let isPaused: boolean;
let timeouts: number;
let idleTimer: IdleTimer;
beforeEach(() => {
  vi.useFakeTimers();
  [isPaused, timeouts] = [false, 0];
  idleTimer = new IdleTimer({
    clock: systemClock,
    limitMs,
    isPaused: () => isPaused,
    onIdle: () => (timeouts += 1),
  });
});
afterEach(() => void vi.useRealTimers());

it('fires after the limit without a byte, counted from the last one', () => {
  vi.advanceTimersByTime(10 * limitMs);
  idleTimer.start();
  vi.advanceTimersByTime(limitMs - 1);
  idleTimer.reset();
  vi.advanceTimersByTime(limitMs - 1);
  expect(timeouts).toBe(0);
  vi.advanceTimersByTime(1);
  expect(timeouts).toBe(1);
});

it('starts over while the other side is excused, and fires after that', () => {
  idleTimer.start();
  isPaused = true;
  vi.advanceTimersByTime(10 * limitMs);
  expect(timeouts).toBe(0);
  isPaused = false;
  vi.advanceTimersByTime(limitMs);
  expect(timeouts).toBe(1);
});

it('does not fire once it is stopped, even if it was started twice', () => {
  idleTimer.start();
  idleTimer.start();
  idleTimer.stop();
  idleTimer.reset();
  vi.advanceTimersByTime(10 * limitMs);
  expect([timeouts, vi.getTimerCount()]).toEqual([0, 0]);
});
