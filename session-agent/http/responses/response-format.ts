import { parseAccept } from 'hono/utils/accept';

export type ResponseFormat = 'json' | 'sse' | 'ndjson';

const formats = new Map<string, ResponseFormat>([
  ['text/event-stream', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
]);

/**
 * The format that `Accept` prefers, the first of equal ones; JSON if it names no supported format.
 */
export function responseFormat(accept: string | undefined): ResponseFormat {
  for (const { type, q } of parseAccept(accept ?? '')) {
    const format = formats.get(type.toLowerCase());
    if (format && q > 0) return format;
  }
  return 'json';
}
