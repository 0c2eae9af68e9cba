import type { IncomingMessage } from 'node:http';
import type { Call } from '@steppe/service-kit/http/call';
import type { RetryBudget } from '../http-proxy/retry-policy.ts';
import type { RouteRequest } from '../routing/resolve-route.ts';
import type { Route } from '../routing/route-entry.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';

/** One client call to the agent of its session: the data that every stage of forwarding needs. */
export interface AgentCall {
  readonly client: Call;
  /** The session to route to, and its tenant. */
  readonly target: RouteRequest;
  readonly trace: TraceHeaders;
  readonly retryBudget: RetryBudget;
  /** Replaced if the session moves during the call. */
  route: Route;
  /** True once the call has followed its session to another address. It does so only once. */
  hasMoved: boolean;
  /** The number of connections requested so far, over all routes. */
  attempts: number;
  isSent: boolean;
}

/** A request to the agent. */
export interface AgentRequest {
  method: string;
  path: string;
  body: Buffer | IncomingMessage | null;
  /** A client header that is not forwarded, in lower case. */
  without?: string;
}
