/**
 * True if a `Prefer` header requests an asynchronous response (RFC 7240). An empty value is the
 * same as no value, and unknown preferences and parameters are ignored. Reads each character once,
 * because any caller can send any header.
 */
export function prefersAsync(list: string): boolean {
  return splitUnquoted(list, ',').some((preference) => {
    const [first = ''] = splitUnquoted(preference, ';');
    const [name = '', value = ''] = splitUnquoted(first, '=', 2).map((part) => part.trim());
    return name.toLowerCase() === 'respond-async' && (value === '' || value === '""');
  });
}

/** Splits at separators outside of quoted strings. Inside a quoted string, a backslash escapes. */
function splitUnquoted(text: string, separator: string, most = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length && parts.length + 1 < most; i++) {
    const sign = text[i];
    if (isQuoted && sign === '\\') i++;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && sign === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}
