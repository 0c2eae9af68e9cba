const maxTextBytes = 256 * 1024;
const mark = '\n… (cut)';

/** At most 256 KiB of UTF-8, never half a character. */
export function cutText(text: string, maxBytes = maxTextBytes): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = Math.min(bytes.length, maxBytes - Buffer.byteLength(mark));
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + mark;
}
