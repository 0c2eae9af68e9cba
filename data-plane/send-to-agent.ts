import type { IncomingMessage } from 'node:http';
import type { SessionId } from '@steppe/contracts/ids';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import type { InternalTokenSigner } from '@steppe/service-kit/internal-token/signer';
import type { Context } from 'hono';
import type { Dispatcher } from 'undici';
import type { ExchangeEnd } from './forward/exchange.ts';
import { exchangeWithRetries } from './forward/exchange-with-retries.ts';
import { requestHeaders } from './forward/request-headers.ts';
import type { RetryPolicy } from './forward/retry-policy.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import type { Route } from './known-session.ts';
import { addLogFields } from './log-fields.ts';
import { nodeExchange } from './node-exchange.ts';

export interface SenderDependencies {
  signer: InternalTokenSigner;
  upstream: Dispatcher;
  metrics: ForwardMetrics;
  retries: RetryPolicy;
  silenceLimitMs: number;
}

interface AgentRequest {
  sessionId: SessionId;
  path: string;
  body: Buffer | IncomingMessage | null;
  ownHeaders: Readonly<Record<string, string>>;
  arrivedAt: number;
}

interface Sender {
  send(route: Route): Promise<ExchangeEnd>;
  /** How often a connection was wanted, over all routes. */
  attempts(): number;
}

/** Answers that are about our token, and nothing that a client could act on. */
const isAboutToken = (status: number): boolean => status === 401 || status === 421;

/** Sends one request to an agent, with a token for that instance and session. */
export function createSender(dependencies: SenderDependencies, c: Context<HttpEnv>, request: AgentRequest): Sender {
  const { signer, upstream, metrics, retries, silenceLimitMs } = dependencies;
  const { sessionId, path, body, ownHeaders, arrivedAt } = request;
  const { incoming, outgoing } = nodeExchange(c);
  let attempts = 0;
  const count = () => addLogFields(c, { attempts: ++attempts });
  return {
    attempts: () => attempts,
    async send({ origin, instanceId }) {
      addLogFields(c, { instance_id: instanceId, target_endpoint: origin });
      const authorization = `Bearer ${await signer.sign(instanceId, sessionId)}`;
      const bodyKind = body === null ? 'none' : body === incoming ? 'same' : 'json';
      const headers = requestHeaders(incoming, { authorization, requestId: c.var.requestId, body: bodyKind });
      count();
      return exchangeWithRetries(
        { origin, method: c.req.method, path, headers, body },
        {
          upstream,
          outgoing,
          ownHeaders,
          silenceLimitMs,
          retries,
          declines: isAboutToken,
          onSent: () => metrics.observeAdded(performance.now() - arrivedAt),
          onRetry: () => {
            count();
            metrics.countRetry('agent');
          },
        },
      );
    },
  };
}
