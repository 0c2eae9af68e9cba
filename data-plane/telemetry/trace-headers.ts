import type { IncomingHttpHeaders } from 'node:http';

/** The trace of a call (W3C Trace Context), as it is forwarded. */
export interface TraceHeaders {
  traceparent?: string;
  tracestate?: string;
}

/** Later versions may append fields. */
const parent =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** Reads the caller's trace; an invalid one is dropped, with its `tracestate`. */
export function readTraceHeaders({ traceparent, tracestate }: IncomingHttpHeaders): TraceHeaders {
  if (typeof traceparent !== 'string') return {};
  const [, version, more] = parent.exec(traceparent) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return {};
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}
