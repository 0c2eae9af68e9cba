import type { IncomingHttpHeaders } from 'node:http';

/** What is forwarded of the trace that it belongs to (W3C Trace Context). */
export interface TraceHeaders {
  traceparent?: string;
  tracestate?: string;
}

/** Later versions may have more fields behind these. */
const parent =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The trace that a caller named; an invalid one is dropped, and what belongs to it. */
export function readTraceHeaders({ traceparent, tracestate }: IncomingHttpHeaders): TraceHeaders {
  if (typeof traceparent !== 'string') return {};
  const [, version, more] = parent.exec(traceparent) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return {};
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}
