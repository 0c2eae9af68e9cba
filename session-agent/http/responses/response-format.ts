import { parseAccept } from 'hono/utils/accept';

export type ResponseFormat = 'json' | 'sse' | 'ndjson';

const forms = new Map<string, ResponseFormat>([
  ['text/event-stream', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
]);

/**
 * The form that `Accept` likes best of those we have, the first named of equals; JSON for anything
 * else.
 */
export function responseFormat(accept: string | undefined): ResponseFormat {
  for (const { type, q } of parseAccept(accept ?? '')) {
    const form = forms.get(type.toLowerCase());
    if (form && q > 0) return form;
  }
  return 'json';
}
