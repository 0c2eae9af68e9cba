/**
 * Whether more than `ageMs` have passed since; also where the clock was set back meanwhile: what
 * seems to be of the future would else count as new until the clock has caught up.
 */
export const isOlder = (sinceMs: number, ageMs: number, nowMs: number): boolean =>
  nowMs < sinceMs || nowMs - sinceMs > ageMs;
