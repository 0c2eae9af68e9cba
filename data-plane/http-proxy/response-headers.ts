import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { hopByHop } from './hop-by-hop.ts';

/** @param own headers of this hop, by their names in lower case; they win. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  own: Readonly<Record<string, string>>,
): OutgoingHttpHeaders {
  const endsHere = hopByHop(headers.connection);
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !endsHere(name)) kept[name] = value;
  }
  return Object.assign(kept, own);
}
