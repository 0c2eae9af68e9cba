import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { LogFields } from '@steppe/service-kit/http/call';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import { readTraceHeaders, type TraceHeaders, type Tracing } from './tracing.ts';

/** Time limit of one batch. */
export const exportLimitMs = 3_000;
/** Time limit of all remaining spans when the process closes. */
export const closeLimitMs = 4_000;

/**
 * Samples as the caller's headers say; without them, by `OTEL_TRACES_SAMPLER`, which OpenTelemetry
 * reads itself.
 */
export function createOtlpTracing(
  endpoint: string,
  { logger, clock }: { logger: Logger; clock: Clock },
): Tracing {
  const warn = (message: string) => logger.warn({ detail: message }, 'trace export failed');
  const silent = () => {};
  diag.setLogger(
    { error: warn, warn, info: silent, debug: silent, verbose: silent },
    { suppressOverrideMessage: true },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/(?<!\/)\/+$/, '')}/v1/traces`,
    timeoutMillis: exportLimitMs,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'steppe-data-plane' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('steppe');
  const propagator = new W3CTraceContextPropagator();
  return {
    begin({ operation, method, route, headers }) {
      const parent = propagator.extract(
        ROOT_CONTEXT,
        readTraceHeaders(headers),
        defaultTextMapGetter,
      );
      const attributes = { 'http.request.method': method, 'http.route': route };
      const span = tracer.startSpan(operation, { kind: SpanKind.SERVER, attributes }, parent);
      const next: TraceHeaders = {};
      propagator.inject(trace.setSpan(parent, span), next, defaultTextMapSetter);
      return {
        headers: next,
        end({ status, fields }) {
          span.setAttributes({ 'http.response.status_code': status, ...attributesOf(fields) });
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    close: () => {
      const sent = provider.shutdown().catch((error: unknown) => warn(String(error)));
      const tooLate = new AbortController();
      const late = clock.sleep(closeLimitMs, tooLate.signal).then(
        () => warn('the collector did not accept the remaining spans in time'),
        // The spans were sent in time.
        () => {},
      );
      return Promise.race([sent, late]).finally(() => tooLate.abort());
    },
  };
}

/** The log fields that describe where a call went; never code, output or a token. */
const logged = [
  'outcome',
  'session_id',
  'step_id',
  'instance_id',
  'target_endpoint',
  'auth_mode',
  'attempts',
  'route',
] as const;

const attributesOf = (fields: LogFields): LogFields =>
  Object.fromEntries(
    logged.flatMap((name) =>
      fields[name] === undefined ? [] : [[`steppe.${name}`, fields[name]]],
    ),
  );
