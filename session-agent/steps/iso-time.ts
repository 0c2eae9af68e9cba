let last = { ms: Number.NaN, text: '' };

/** RFC 3339, as clients get it. A step has several times in one millisecond. */
export function isoTime(ms: number): string {
  if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}
