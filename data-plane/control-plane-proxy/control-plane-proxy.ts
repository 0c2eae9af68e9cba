import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { AppError } from '@steppe/service-kit/http/app-error';
import { hasBody } from '@steppe/service-kit/http/body/has-body';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import { nodeBindings } from '../api/node-bindings.ts';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { proxyWithRetries } from '../http-proxy/proxy-with-retries.ts';
import { requestHeaders } from '../http-proxy/request-headers.ts';
import { createResponseWriter } from '../http-proxy/response-writer.ts';
import type { RetryPolicy } from '../http-proxy/retry-policy.ts';
import { targetPath } from '../http-proxy/target-path.ts';
import { readSessionId } from '../routing/read-session-id.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';

interface Dependencies {
  controlPlaneUrl: string;
  upstream: Dispatcher;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  /** The control-plane promises no byte while a session starts. */
  idleTimeoutMs: number;
  uploadStallLimitMs: number;
}

export type ControlPlaneProxy = (c: Context<HttpEnv>, trace: TraceHeaders) => Promise<Response>;

/** Passes a call on with the caller's own token, which the control-plane verifies too. */
export function createControlPlaneProxy(dependencies: Dependencies): ControlPlaneProxy {
  const { upstream, metrics, retries, idleTimeoutMs, uploadStallLimitMs } = dependencies;
  const { origin } = new URL(dependencies.controlPlaneUrl);
  return async (c, trace) => {
    const { incoming, outgoing } = nodeBindings(c);
    const path = targetPath(c.req.url);
    if (c.req.path.startsWith('/v1/sessions/'))
      addLogFields(c, { session_id: readSessionId(path) });
    addLogFields(c, { target_endpoint: origin });
    const { requestId } = c.var;
    const body = takesBody(c.req.method) && hasBody(incoming) ? incoming : null;
    const headers = requestHeaders(incoming, {
      authorization: incoming.headers.authorization,
      requestId,
      trace,
      body: body ? 'same' : 'none',
    });
    const end = await proxyWithRetries(
      { origin, method: c.req.method, path, headers, body },
      {
        upstream,
        outgoing,
        response: createResponseWriter(outgoing, {
          ownHeaders: { 'x-request-id': requestId },
          isRejected: () => false,
        }),
        idleTimeoutMs,
        uploadStallLimitMs,
        retries,
        onRetry: () => metrics.countRetry('control_plane'),
      },
    );
    if (end.kind === 'truncated') {
      addLogFields(c, { outcome: 'runtime_unreachable' });
      outgoing.destroy();
    }
    if (isFailure(end)) throw noResponse(c, end);
    return RESPONSE_ALREADY_SENT;
  };
}

const takesBody = (method: string): boolean => method === 'POST' || method === 'PATCH';

const isFailure = (end: ProxyOutcome): boolean =>
  end.kind === 'unconnected' || end.kind === 'broken' || end.kind === 'idle_timeout';

function noResponse(c: Context<HttpEnv>, end: ProxyOutcome): AppError {
  const wasSent = end.kind !== 'unconnected';
  // A create that may have happened makes a second session, unless it has a key.
  const retryable =
    !wasSent || c.req.method !== 'POST' || c.req.header('idempotency-key') !== undefined;
  const message = wasSent
    ? 'the control-plane received the request and did not respond; it may have been executed'
    : 'the control-plane does not respond; existing sessions continue to work. Try again';
  return new AppError('runtime_unreachable', message, {
    retryable,
    cause: 'error' in end ? end.error : undefined,
  });
}
