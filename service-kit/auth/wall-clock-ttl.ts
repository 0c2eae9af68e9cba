import type { Clock } from '../process/clock.ts';

/**
 * For an LRUCache whose entries live as long as a token allows. It uses the wall clock, which `exp`
 * refers to, and which advances while a machine sleeps.
 */
export const wallClockTtl = (clock: Clock) => ({
  perf: { now: () => clock.now() },
  ttlResolution: 0,
});
