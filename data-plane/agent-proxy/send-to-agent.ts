import type { IncomingMessage } from 'node:http';
import type { SessionId } from '@steppe/contracts/ids';
import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import { nodeBindings } from '../api/node-bindings.ts';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { proxyWithRetries } from '../http-proxy/proxy-with-retries.ts';
import { requestHeaders } from '../http-proxy/request-headers.ts';
import type { ResponseSink } from '../http-proxy/response-sink.ts';
import type { RetryPolicy } from '../http-proxy/retry-policy.ts';
import type { Route } from '../routing/route-entry.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';

export interface UpstreamSenderDependencies {
  signer: InternalTokenSigner;
  upstream: Dispatcher;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  idleTimeoutMs: number;
  uploadStallLimitMs: number;
}

/** A request to an agent. */
export interface AgentRequest {
  method: string;
  path: string;
  body: Buffer | IncomingMessage | null;
  /** A header of the client's that does not go with it, in lower case. */
  without?: string;
}

export interface UpstreamSender {
  /**
   * Sends `agentRequest`, with a token for that instance and session, and gives the response to
   * `response`.
   */
  send(route: Route, agentRequest: AgentRequest, response: ResponseSink): Promise<ProxyOutcome>;
  /** How often a connection was wanted, over all routes. */
  attempts(): number;
}

interface CallDetails {
  sessionId: SessionId;
  trace: TraceHeaders;
  /** By `performance.now`. */
  arrivedAt: number;
}

/** Sends what one call of a client needs of the agent of its session. */
export function createUpstreamSender(
  dependencies: UpstreamSenderDependencies,
  c: Context<HttpEnv>,
  { sessionId, trace, arrivedAt }: CallDetails,
): UpstreamSender {
  const { signer, upstream, metrics, retries, idleTimeoutMs, uploadStallLimitMs } = dependencies;
  const { incoming, outgoing } = nodeBindings(c);
  let attempts = 0;
  let isSent = false;
  const count = () => addLogFields(c, { attempts: ++attempts });
  const onSent = () => {
    if (!isSent) metrics.observeAdded(performance.now() - arrivedAt);
    isSent = true;
  };
  return {
    attempts: () => attempts,
    async send({ origin, instanceId }, { method, path, body, without }, response) {
      addLogFields(c, { instance_id: instanceId, target_endpoint: origin });
      const authorization = `Bearer ${await signer.sign(instanceId, sessionId)}`;
      const bodyKind = body === null ? 'none' : body === incoming ? 'same' : 'json';
      const headers = requestHeaders(incoming, {
        authorization,
        requestId: c.var.requestId,
        trace,
        body: bodyKind,
        without,
      });
      count();
      const onRetry = () => {
        count();
        metrics.countRetry('agent');
      };
      const request = { origin, method, path, headers, body };
      const limits = { idleTimeoutMs, uploadStallLimitMs, retries };
      return proxyWithRetries(request, {
        upstream,
        outgoing,
        response,
        ...limits,
        onSent,
        onRetry,
      });
    },
  };
}
