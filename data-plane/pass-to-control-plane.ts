import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { AppError } from '@steppe/service-kit/app-error';
import { hasBody } from '@steppe/service-kit/has-body';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import { addLogFields } from '@steppe/service-kit/log-fields';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import { createAnswerWriter } from './forward/answer-writer.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { exchangeWithRetries } from './forward/exchange-with-retries.ts';
import { requestHeaders } from './forward/request-headers.ts';
import type { RetryPolicy } from './forward/retry-policy.ts';
import { targetPath } from './forward/target-path.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import { nodeExchange } from './node-exchange.ts';
import { readSessionId } from './read-session-id.ts';
import type { TraceHeaders } from './tracing/trace-headers.ts';

interface Dependencies {
  controlPlaneUrl: string;
  upstream: Dispatcher;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  /** The control-plane promises no byte while a session starts. */
  silenceLimitMs: number;
  uploadStallLimitMs: number;
}

export type ControlPlanePasser = (c: Context<HttpEnv>, trace: TraceHeaders) => Promise<Response>;

/** Passes a call on with the caller's own token, which the control-plane verifies too. */
export function createControlPlanePasser(dependencies: Dependencies): ControlPlanePasser {
  const { upstream, metrics, retries, silenceLimitMs, uploadStallLimitMs } = dependencies;
  const { origin } = new URL(dependencies.controlPlaneUrl);
  return async (c, trace) => {
    const { incoming, outgoing } = nodeExchange(c);
    const path = targetPath(c.req.url);
    if (c.req.path.startsWith('/v1/sessions/')) addLogFields(c, { session_id: readSessionId(path) });
    addLogFields(c, { target_endpoint: origin });
    const { requestId } = c.var;
    const body = takesBody(c.req.method) && hasBody(incoming) ? incoming : null;
    const headers = requestHeaders(incoming, {
      authorization: incoming.headers.authorization,
      requestId,
      trace,
      body: body ? 'same' : 'none',
    });
    const end = await exchangeWithRetries(
      { origin, method: c.req.method, path, headers, body },
      {
        upstream,
        outgoing,
        answer: createAnswerWriter(outgoing, { ownHeaders: { 'x-request-id': requestId }, declines: () => false }),
        silenceLimitMs,
        uploadStallLimitMs,
        retries,
        onRetry: () => metrics.countRetry('control_plane'),
      },
    );
    if (end.kind === 'truncated') {
      addLogFields(c, { outcome: 'runtime_unreachable' });
      outgoing.destroy();
    }
    if (isLost(end)) throw noAnswer(c, end);
    return RESPONSE_ALREADY_SENT;
  };
}

const takesBody = (method: string): boolean => method === 'POST' || method === 'PATCH';

const isLost = (end: ExchangeEnd): boolean => end.kind === 'unconnected' || end.kind === 'broken' || end.kind === 'silent';

function noAnswer(c: Context<HttpEnv>, end: ExchangeEnd): AppError {
  const wasSent = end.kind !== 'unconnected';
  // A create that may have happened makes a second session, unless it has a key.
  const retryable = !wasSent || c.req.method !== 'POST' || c.req.header('idempotency-key') !== undefined;
  const message = wasSent
    ? 'the control-plane took the call and does not answer; it may have been carried out'
    : 'the control-plane does not answer; sessions that exist go on. Try again';
  return new AppError('runtime_unreachable', message, { retryable, cause: 'error' in end ? end.error : undefined });
}
