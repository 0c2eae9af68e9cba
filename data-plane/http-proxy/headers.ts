import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { TraceHeaders } from '../telemetry/tracing.ts';

/** Headers that end at this hop, or that this hop writes itself. */
const replaced: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'expect',
  'host',
  'origin',
  'traceparent',
  'tracestate',
  'x-request-id',
]);

/** Headers that describe a body and are forwarded only with it. */
const bodyHeaders: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
]);

interface OwnHeaders {
  authorization: string | undefined;
  requestId: string;
  trace: TraceHeaders;
  /** `same` is forwarded unchanged; `json` is parsed and serialised again. */
  body: 'none' | 'same' | 'json';
  /** Another header to drop, in lower case. */
  without?: string | undefined;
}

/**
 * Returns the client's headers as they are forwarded: names and values alternate, as undici
 * expects.
 */
export function requestHeaders(
  incoming: IncomingMessage,
  { authorization, requestId, trace, body, without }: OwnHeaders,
): string[] {
  const endsHere = hopByHop(incoming.headers.connection);
  const headers = ['x-request-id', requestId];
  if (trace.traceparent !== undefined) headers.push('traceparent', trace.traceparent);
  if (trace.tracestate !== undefined) headers.push('tracestate', trace.tracestate);
  if (authorization !== undefined) headers.push('authorization', authorization);
  if (body === 'json') headers.push('content-type', 'application/json');
  const { rawHeaders } = incoming;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (replaced.has(name) || name.startsWith('steppe-') || name === without || endsHere(name))
      continue;
    if (body !== 'same' && bodyHeaders.has(name)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}

/** @param own headers of this hop, with names in lower case. They replace the upstream's. */
export function responseHeaders(
  headers: IncomingHttpHeaders,
  own: Readonly<Record<string, string>>,
): OutgoingHttpHeaders {
  const endsHere = hopByHop(headers.connection);
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !endsHere(name)) kept[name] = value;
  }
  for (const name in own) kept[name] = own[name];
  return kept;
}

const alwaysHopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Tells which headers end at this hop: a fixed list, and those that `connection` names (RFC 9110,
 * section 7.6.1).
 */
function hopByHop(connection: string | undefined): (name: string) => boolean {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection))
    return (name) => alwaysHopByHop.has(name);
  const named = new Set(connection.toLowerCase().split(/[\s,]+/));
  return (name) => alwaysHopByHop.has(name) || named.has(name);
}
