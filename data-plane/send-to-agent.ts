import type { IncomingMessage } from 'node:http';
import type { SessionId } from '@steppe/contracts/ids';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import type { InternalTokenSigner } from '@steppe/service-kit/internal-token/signer';
import { addLogFields } from '@steppe/service-kit/log-fields';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import type { AnswerSink } from './forward/answer-sink.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { exchangeWithRetries } from './forward/exchange-with-retries.ts';
import { requestHeaders } from './forward/request-headers.ts';
import type { RetryPolicy } from './forward/retry-policy.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import type { Route } from './known-session.ts';
import { nodeExchange } from './node-exchange.ts';
import type { TraceHeaders } from './tracing/trace-headers.ts';

export interface SenderDependencies {
  signer: InternalTokenSigner;
  upstream: Dispatcher;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  silenceLimitMs: number;
  uploadStallLimitMs: number;
}

/** What an agent is asked for. */
export interface AgentAsk {
  method: string;
  path: string;
  body: Buffer | IncomingMessage | null;
  /** A header of the client's that does not go with it, in lower case. */
  without?: string;
}

export interface Sender {
  /** Sends `ask`, with a token for that instance and session, and gives the answer to `answer`. */
  send(route: Route, ask: AgentAsk, answer: AnswerSink): Promise<ExchangeEnd>;
  /** How often a connection was wanted, over all routes. */
  attempts(): number;
}

interface CallFacts {
  sessionId: SessionId;
  trace: TraceHeaders;
  /** By `performance.now`. */
  arrivedAt: number;
}

/** Sends what one call of a client needs of the agent of its session. */
export function createSender(
  dependencies: SenderDependencies,
  c: Context<HttpEnv>,
  { sessionId, trace, arrivedAt }: CallFacts,
): Sender {
  const { signer, upstream, metrics, retries, silenceLimitMs, uploadStallLimitMs } = dependencies;
  const { incoming, outgoing } = nodeExchange(c);
  let attempts = 0;
  let isSent = false;
  const count = () => addLogFields(c, { attempts: ++attempts });
  const onSent = () => {
    if (!isSent) metrics.observeAdded(performance.now() - arrivedAt);
    isSent = true;
  };
  return {
    attempts: () => attempts,
    async send({ origin, instanceId }, { method, path, body, without }, answer) {
      addLogFields(c, { instance_id: instanceId, target_endpoint: origin });
      const authorization = `Bearer ${await signer.sign(instanceId, sessionId)}`;
      const bodyKind = body === null ? 'none' : body === incoming ? 'same' : 'json';
      const headers = requestHeaders(incoming, { authorization, requestId: c.var.requestId, trace, body: bodyKind, without });
      count();
      const onRetry = () => {
        count();
        metrics.countRetry('agent');
      };
      const request = { origin, method, path, headers, body };
      const limits = { silenceLimitMs, uploadStallLimitMs, retries };
      return exchangeWithRetries(request, { upstream, outgoing, answer, ...limits, onSent, onRetry });
    },
  };
}
