/**
 * Whether more than `ageMs` have passed since `sinceMs`. Also true if the clock was set back in the
 * meantime: otherwise a time in the future would count as recent until the clock has caught up.
 */
export const isOlder = (sinceMs: number, ageMs: number, nowMs: number): boolean =>
  nowMs < sinceMs || nowMs - sinceMs > ageMs;
