import type { Clock } from '../process/clock.ts';

/**
 * For an LRUCache whose entries live as long as a token says: by the clock on the wall, which `exp`
 * is about, and which advances while a machine sleeps.
 */
export const wallClockTtl = (clock: Clock) => ({
  perf: { now: () => clock.now() },
  ttlResolution: 0,
});
