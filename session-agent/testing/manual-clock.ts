import type { Clock } from '../session/lifetime-clock.ts';

const beginMs = Date.parse('2030-01-01T00:00:00.000Z');

/** So many seconds after the clock's beginning. */
export const at = (seconds: number): string => new Date(beginMs + seconds * 1000).toISOString();

/** A clock that is moved by hand. */
export function handClock() {
  let passedMs = 0;
  let wallOffsetMs = 0;
  const timers = new Set<{ dueMs: number; callback: () => void }>();
  const clock: Clock = {
    now: () => beginMs + passedMs + wallOffsetMs,
    monotonicNow: () => passedMs,
    after(ms, callback) {
      const timer = { dueMs: passedMs + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const passTo = (seconds: number) => {
    passedMs = seconds * 1000;
    for (const timer of [...timers].filter(({ dueMs }) => dueMs <= passedMs)) {
      if (timers.delete(timer)) timer.callback();
    }
  };
  /** Sets the wall clock forward or back, as an administrator or NTP does, while no time passes. */
  const stepWallClock = (seconds: number) => {
    wallOffsetMs += seconds * 1000;
  };
  return { clock, passTo, stepWallClock };
}
