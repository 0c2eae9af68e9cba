import { type Clock, systemClock } from '@steppe/service-kit/process/clock';

export interface ManualClock {
  clock: Clock;
  /** Lets time pass, and calls what is due. */
  pass(ms: number): void;
  /** The durations that were slept so far. A sleep ends at once, and time passes by it. */
  sleeps: readonly number[];
}

/** Time that passes only when the test, or a sleep, lets it. */
export function manualClock(): ManualClock {
  const timers = new Map<object, { atMs: number; act: () => void }>();
  const sleeps: number[] = [];
  let nowMs = 0;
  const pass = (ms: number) => {
    nowMs += ms;
    for (const [key, { atMs, act }] of [...timers]) {
      if (atMs > nowMs || !timers.delete(key)) continue;
      act();
    }
  };
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after(ms, act) {
      const key = {};
      timers.set(key, { atMs: nowMs + ms, act });
      return () => timers.delete(key);
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      pass(ms);
    },
  };
  return { clock, pass, sleeps };
}
