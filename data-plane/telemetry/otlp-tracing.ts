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
import type { LogFields } from '@steppe/service-kit/http/http-env';
import type { Logger } from '@steppe/service-kit/process/logger';
import { readTraceHeaders, type TraceHeaders } from './trace-headers.ts';
import type { Tracing } from './tracing.ts';

/** For one batch. */
const exportLimitMs = 3_000;
/** For all that is left at the end. */
const closeLimitMs = 4_000;

/**
 * Sampled as the caller says; where it says nothing, by `OTEL_TRACES_SAMPLER`, which OpenTelemetry
 * reads itself.
 */
export function createOtlpTracing(endpoint: string, logger: Logger): Tracing {
  const warn = (message: string) => logger.warn({ detail: message }, 'traces could not be sent');
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
      return finishWithin(closeLimitMs, sent, () =>
        warn('the collector does not take what is left'),
      );
    },
  };
}

async function finishWithin(
  limitMs: number,
  work: Promise<void>,
  onLate: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onLate();
      resolve();
    }, limitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** What the log line says of where a call went; never code, output or a token. */
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
