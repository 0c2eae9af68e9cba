import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';
import type { RetryBudget } from '../http-proxy/retry-policy.ts';
import type { RouteRequest } from '../routing/resolve-route.ts';
import type { Route } from '../routing/route-entry.ts';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';

/** One client call to the agent of its session: what every step of forwarding it needs. */
export interface AgentCall {
  readonly c: Context<HttpEnv>;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Which session is routed to, and for which tenant. */
  readonly target: RouteRequest;
  readonly trace: TraceHeaders;
  readonly retryBudget: RetryBudget;
  /** By `clock.monotonicMs`. */
  readonly arrivedAtMs: number;
  /** Changes where the session moves during the call. */
  route: Route;
  /** A call follows its session to another address once. */
  hasMoved: boolean;
  /** How often a connection was requested, over all routes. */
  attempts: number;
  isSent: boolean;
}

/** A request to the agent. */
export interface AgentRequest {
  method: string;
  path: string;
  body: Buffer | IncomingMessage | null;
  /** A client header that is not forwarded with it, in lower case. */
  without?: string;
}
