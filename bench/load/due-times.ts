/** Arrivals at an average rate. */
export interface Arrivals {
  perSecond: number;
  seconds: number;
  /** Returns numbers from 0 up to 1. */
  random: () => number;
}

/**
 * Due times of a Poisson process, in ms from its start. Real callers do not wait for each other, so
 * requests come in bursts that a fixed interval would hide.
 */
export function poissonDueTimes({ perSecond, seconds, random }: Arrivals): number[] {
  const dueTimes: number[] = [];
  const meanMs = 1000 / perSecond;
  let dueMs = 0;
  for (;;) {
    dueMs -= Math.log(1 - random()) * meanMs;
    if (dueMs >= seconds * 1000) return dueTimes;
    dueTimes.push(dueMs);
  }
}
