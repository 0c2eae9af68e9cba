import type { Clock } from '@steppe/service-kit/process/clock';

const startMs = Date.parse('2030-01-01T00:00:00.000Z');

/** The time this many seconds after the clock's start. */
export const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();

interface Timer {
  dueMs: number;
  callback: () => void;
  everyMs?: number;
}

/** A clock that only a test moves. */
export function manualClock() {
  let passedMs = 0;
  let wallOffsetMs = 0;
  const timers = new Set<Timer>();
  const add = (timer: Timer) => {
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const clock: Pick<Clock, 'now' | 'monotonicMs' | 'after' | 'every' | 'sleep'> = {
    now: () => startMs + passedMs + wallOffsetMs,
    monotonicMs: () => passedMs,
    after: (ms, callback) => add({ dueMs: passedMs + ms, callback }),
    every: (everyMs, callback) => add({ dueMs: passedMs + everyMs, callback, everyMs }),
    sleep: (ms) => new Promise((resolve) => void add({ dueMs: passedMs + ms, callback: resolve })),
  };
  const passTo = (seconds: number) => {
    passedMs = seconds * 1000;
    for (const timer of [...timers].filter(({ dueMs }) => dueMs <= passedMs)) {
      if (!timers.delete(timer)) continue;
      if (timer.everyMs) add({ ...timer, dueMs: timer.dueMs + timer.everyMs });
      timer.callback();
    }
  };
  /** Sets the wall clock forward or back, as an administrator or NTP does, while no time passes. */
  const stepWallClock = (seconds: number) => {
    wallOffsetMs += seconds * 1000;
  };
  return { clock: { ...clock, limit }, passTo, stepWallClock };
}

const limit = (): AbortSignal => {
  throw new Error('this clock has no time limits');
};
