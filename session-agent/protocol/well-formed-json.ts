/** Any escape of a JSON text, so that none is read from its middle. */
const escapes = /\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|ud[89a-f][0-9a-f]{2}|[\s\S])/gi;
const loneLength = '\\ud800'.length;

/**
 * Replaces lone surrogates by U+FFFD. `JSON.stringify` writes them as escapes, and strict parsers
 * reject those.
 */
export function wellFormedJson(text: string): string {
  if (!text.includes('\\ud') && !text.includes('\\uD')) return text;
  return text.replace(escapes, (found) => (found.length === loneLength ? '\ufffd' : found));
}
