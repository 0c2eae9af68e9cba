import type { IncomingHttpHeaders } from 'node:http';
import type { LogFields } from '@steppe/service-kit/http/call';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';

export interface TracedCall {
  operation: string;
  method: string;
  /** The path's template, without ids. */
  route: string;
  headers: IncomingHttpHeaders;
}

export interface CallEnd {
  status: number;
  /** The fields of the call's log line. */
  fields: LogFields;
}

export interface CallTrace {
  /** The trace headers for the next hop. */
  headers: TraceHeaders;
  /** Absent if nothing is recorded. */
  end?: (how: CallEnd) => void;
}

export interface Tracing {
  begin(call: TracedCall): CallTrace;
  /** Sends the remaining spans, within `closeLimitMs`. */
  close(): Promise<void>;
}

/**
 * Records a span of each call and sends it to `endpoint` (OTLP over HTTP). Without an endpoint,
 * callers' trace headers are forwarded and OpenTelemetry is not loaded.
 */
export async function startTracing(
  endpoint: string | undefined,
  parts: { logger: Logger; clock: Clock },
): Promise<Tracing> {
  if (endpoint === undefined)
    return {
      begin: ({ headers }) => ({ headers: readTraceHeaders(headers) }),
      close: async () => {},
    };
  const { createOtlpTracing } = await import('./otlp-tracing.ts');
  return createOtlpTracing(endpoint, parts);
}

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
