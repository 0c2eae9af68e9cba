/**
 * For an LRUCache whose entries live as long as a token says: by the clock on the wall, which `exp`
 * is about, and which advances while a machine sleeps.
 */
export const wallClockTtl = { perf: { now: () => Date.now() }, ttlResolution: 0 };
