import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { AppError } from '@steppe/service-kit/http/app-error';
import { hasBody } from '@steppe/service-kit/http/body/read-body';
import { addLogFields, type HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import { nodeBindings } from '../../service-kit/http/http-env.ts';
import { requestHeaders } from '../http-proxy/headers.ts';
import { type ProxyOutcome, proxyRequest } from '../http-proxy/proxy-request.ts';
import { createResponseWriter } from '../http-proxy/response-writer.ts';
import {
  createRetryBudget,
  isInvalidRequest,
  type RetryPolicy,
  waitForRetry,
} from '../http-proxy/retry-policy.ts';
import { readSessionId, targetPath } from '../routing/resolve-route.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';

interface Dependencies {
  controlPlaneUrl: string;
  dispatcher: Dispatcher;
  clock: Clock;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  /** The control-plane may send nothing while a session starts. */
  idleTimeoutMs: number;
  uploadStallLimitMs: number;
}

export type ControlPlaneProxy = (c: Context<HttpEnv>, trace: TraceHeaders) => Promise<Response>;

/** Forwards a call with the caller's own token, which the control-plane verifies as well. */
export function createControlPlaneProxy(dependencies: Dependencies): ControlPlaneProxy {
  const { clock, metrics, retries } = dependencies;
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
    const request = { origin, method: c.req.method, path, headers, body };
    const response = createResponseWriter(outgoing, { ownHeaders: { 'x-request-id': requestId } });
    const retryBudget = createRetryBudget(retries);
    for (;;) {
      const outcome = await proxyRequest(request, { ...dependencies, outgoing, response });
      // A request that may have arrived is never repeated: it may have created a session.
      const delayMs = retryBudget.delayAfter(outcome, false);
      if (delayMs === undefined) {
        checkOutcome(c, outcome);
        return RESPONSE_ALREADY_SENT;
      }
      if (!(await waitForRetry(delayMs, { clock, outgoing }))) return RESPONSE_ALREADY_SENT;
      metrics.countRetry('control_plane');
    }
  };
}

const takesBody = (method: string): boolean => method === 'POST' || method === 'PATCH';

/** Cuts off an incomplete response. @throws AppError if there is no response. */
function checkOutcome(c: Context<HttpEnv>, outcome: ProxyOutcome): void {
  switch (outcome.kind) {
    case 'unconnected':
      if (isInvalidRequest(outcome.error)) throw outcome.error;
      throw noResponse(c, outcome);
    case 'broken':
    case 'idle_timeout':
      throw noResponse(c, outcome);
    case 'truncated':
      addLogFields(c, { outcome: 'runtime_unreachable' });
      nodeBindings(c).outgoing.destroy();
  }
}

function noResponse(c: Context<HttpEnv>, outcome: ProxyOutcome): AppError {
  const wasSent = outcome.kind !== 'unconnected';
  // Repeating a successful create makes a second session, unless it has an idempotency key.
  const retryable =
    !wasSent || c.req.method !== 'POST' || c.req.header('idempotency-key') !== undefined;
  const message = wasSent
    ? 'the control-plane received the request and did not respond; it may have been executed'
    : 'the control-plane does not respond; existing sessions continue to work. Try again';
  return new AppError('runtime_unreachable', message, {
    retryable,
    cause: 'error' in outcome ? outcome.error : undefined,
  });
}
