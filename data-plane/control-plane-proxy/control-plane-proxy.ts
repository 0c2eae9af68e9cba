import { createdRouteHeader, decodeCreatedRoute } from '@steppe/contracts/created-route';
import { AppError } from '@steppe/service-kit/http/app-error';
import { hasBody } from '@steppe/service-kit/http/body/read-body';
import type { Call } from '@steppe/service-kit/http/call';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Dispatcher } from 'undici';
import { requestHeaders } from '../http-proxy/headers.ts';
import { type ProxyOutcome, proxyRequest } from '../http-proxy/proxy-request.ts';
import { type ResponseSink, ResponseWriter } from '../http-proxy/response-writer.ts';
import {
  isInvalidRequest,
  RetryBudget,
  type RetryPolicy,
  waitForRetry,
} from '../http-proxy/retry-policy.ts';
import { readSessionId } from '../routing/resolve-route.ts';
import type { RouteCache } from '../routing/route-cache.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';

interface Dependencies {
  controlPlaneUrl: string;
  dispatcher: Dispatcher;
  clock: Clock;
  metrics: ForwardMetrics;
  routes: Pick<RouteCache, 'learn'>;
  retries: RetryPolicy;
  /** The control-plane may send nothing while a session starts. */
  idleTimeoutMs: number;
  uploadStallLimitMs: number;
}

export type ControlPlaneProxy = (call: Call, trace: TraceHeaders) => Promise<void>;

/** Forwards a call with the caller's own token, which the control-plane verifies as well. */
export function createControlPlaneProxy(dependencies: Dependencies): ControlPlaneProxy {
  const { clock, metrics, retries } = dependencies;
  const { origin } = new URL(dependencies.controlPlaneUrl);
  return async (call, trace) => {
    const { incoming, outgoing, requestId } = call;
    const path = call.pathname + call.search;
    if (call.pathname.startsWith('/v1/sessions/'))
      call.logFields.session_id = readSessionId(call.pathname);
    call.logFields.target_endpoint = origin;
    const body = takesBody(call.method) && hasBody(incoming) ? incoming : null;
    const headers = requestHeaders(incoming, {
      authorization: incoming.headers.authorization,
      requestId,
      trace,
      body: body ? 'same' : 'none',
    });
    const request = { origin, method: call.method, path, headers, body };
    const writer = new ResponseWriter(outgoing, call.headers);
    const response = learningRoutes(writer, dependencies.routes);
    const retryBudget = new RetryBudget(retries);
    for (;;) {
      const outcome = await proxyRequest(request, { outgoing, response }, dependencies);
      // A request that may have arrived is never repeated: it may have created a session.
      const delayMs = retryBudget.delayAfter(outcome, false);
      if (delayMs === undefined) return checkOutcome(call, outcome);
      if (!(await waitForRetry(delayMs, { clock, outgoing }))) return;
      metrics.countRetry('control_plane');
    }
  };
}

/** Takes the route of a new session out of its response, before the client can use the session. */
const learningRoutes = (writer: ResponseSink, routes: Dependencies['routes']): ResponseSink => ({
  begin(status, { [createdRouteHeader]: encoded, ...headers }) {
    const created = typeof encoded === 'string' ? decodeCreatedRoute(encoded) : undefined;
    if (created) routes.learn(created);
    return writer.begin(status, headers);
  },
  write: (...pieces) => writer.write(...pieces),
  end: () => writer.end(),
  interrupt: () => writer.interrupt(),
});

const takesBody = (method: string): boolean => method === 'POST' || method === 'PATCH';

/** Cuts off an incomplete response. @throws AppError if there is no response. */
function checkOutcome(call: Call, outcome: ProxyOutcome): void {
  switch (outcome.kind) {
    case 'unconnected':
      if (isInvalidRequest(outcome.error)) throw outcome.error;
      throw noResponse(call, outcome);
    case 'broken':
    case 'idle_timeout':
      throw noResponse(call, outcome);
    case 'truncated':
      call.logFields.outcome = 'runtime_unreachable';
      call.outgoing.destroy();
  }
}

function noResponse(call: Call, outcome: ProxyOutcome): AppError {
  const wasSent = outcome.kind !== 'unconnected';
  // Repeating a successful create makes a second session, unless it has an idempotency key.
  const retryable =
    !wasSent || call.method !== 'POST' || call.incoming.headers['idempotency-key'] !== undefined;
  const message = wasSent
    ? 'the control-plane received the request and did not respond; it may have been executed'
    : 'the control-plane does not respond; existing sessions continue to work. Try again';
  return new AppError('runtime_unreachable', message, {
    retryable,
    cause: 'error' in outcome ? outcome.error : undefined,
  });
}
