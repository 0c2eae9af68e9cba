import type { IncomingMessage } from 'node:http';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';
import { hopByHop } from './hop-by-hop.ts';

/** Ended at this hop, or written by it. */
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

/** They describe a body, and go with it. */
const ofBody: ReadonlySet<string> = new Set([
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
  /** `same` is forwarded as it comes in; `json` was parsed and is written anew. */
  body: 'none' | 'same' | 'json';
  /** Dropped too, in lower case. */
  without?: string | undefined;
}

/** The client's headers as they are forwarded: names and values in turn, as undici takes them. */
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
    if (body !== 'same' && ofBody.has(name)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}
