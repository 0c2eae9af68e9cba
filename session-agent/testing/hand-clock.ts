import type { Clock } from '../lifetime-clock.ts';

const beginMs = Date.parse('2030-01-01T00:00:00.000Z');

/** So many seconds after the clock's beginning. */
export const at = (seconds: number): string => new Date(beginMs + seconds * 1000).toISOString();

/** A clock that is moved by hand. */
export function handClock() {
  let nowMs = beginMs;
  const timers = new Set<{ dueMs: number; act: () => void }>();
  const clock: Clock = {
    now: () => nowMs,
    after(ms, act) {
      const timer = { dueMs: nowMs + ms, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const passTo = (seconds: number) => {
    nowMs = beginMs + seconds * 1000;
    for (const timer of [...timers].filter(({ dueMs }) => dueMs <= nowMs)) {
      if (timers.delete(timer)) timer.act();
    }
  };
  return { clock, passTo };
}
