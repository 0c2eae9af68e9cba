import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createIdleTimer, type IdleTimer } from './idle-timer.ts';

const limitMs = 1_000;
let isPaused: boolean;
let timeouts: number;
let idleTimer: IdleTimer;
beforeEach(() => {
  vi.useFakeTimers();
  [isPaused, timeouts] = [false, 0];
  idleTimer = createIdleTimer({
    clock: systemClock,
    limitMs,
    isPaused: () => isPaused,
    onIdle: () => (timeouts += 1),
  });
});
afterEach(() => void vi.useRealTimers());

it('rings once nothing came for so long, counted from the last byte', () => {
  vi.advanceTimersByTime(10 * limitMs);
  idleTimer.start();
  vi.advanceTimersByTime(limitMs - 1);
  idleTimer.reset();
  vi.advanceTimersByTime(limitMs - 1);
  expect(timeouts).toBe(0);
  vi.advanceTimersByTime(1);
  expect(timeouts).toBe(1);
});

it('counts anew while the other side is excused, and rings after that', () => {
  idleTimer.start();
  isPaused = true;
  vi.advanceTimersByTime(10 * limitMs);
  expect(timeouts).toBe(0);
  isPaused = false;
  vi.advanceTimersByTime(limitMs);
  expect(timeouts).toBe(1);
});

it('is still once it is stopped, also where it was started twice', () => {
  idleTimer.start();
  idleTimer.start();
  idleTimer.stop();
  idleTimer.reset();
  vi.advanceTimersByTime(10 * limitMs);
  expect([timeouts, vi.getTimerCount()]).toEqual([0, 0]);
});
