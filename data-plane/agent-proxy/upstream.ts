import type { ServerResponse } from 'node:http';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { waitOrLeave } from '../http-proxy/proxy-with-retries.ts';
import type { ResponseSink } from '../http-proxy/response-sink.ts';
import { createRetryBudget } from '../http-proxy/retry-budget.ts';
import type { RetryPolicy } from '../http-proxy/retry-policy.ts';
import type { RouteRequest, RouteResolver } from '../routing/resolve-route.ts';
import { isStoreOutage } from '../routing/route-cache.ts';
import type { Route } from '../routing/route-entry.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { AgentRequest, UpstreamSender } from './send-to-agent.ts';
import {
  agentUnreachable,
  type UpstreamFailure,
  uploadInterrupted,
  upstreamFailureOf,
} from './upstream-failure.ts';

/** Sends one client call to its session's agent, wherever that is. */
export interface AgentUpstream {
  /**
   * Sends requests until `response` has the response of the agent. After an interrupted response,
   * sends what `nextRequest` returns.
   * @throws AppError where the agent cannot be reached, or a strongly consistent read says why.
   */
  request(
    agentRequest: AgentRequest,
    response: ResponseSink,
    nextRequest: NextRequest,
  ): Promise<ProxyOutcome>;
}

/** The request to send after an interrupted response; undefined if there must be none. */
export type NextRequest = (end: BrokenOutcome) => AgentRequest | undefined;
export type BrokenOutcome = Extract<ProxyOutcome, { kind: 'broken' | 'truncated' }>;

interface UpstreamOptions {
  sender: UpstreamSender;
  routes: RouteResolver;
  route: Route;
  request: RouteRequest;
  outgoing: ServerResponse;
  retries: RetryPolicy;
  metrics: ForwardMetrics;
}

export function createAgentUpstream(options: UpstreamOptions): AgentUpstream {
  const { sender, routes, request, outgoing, retries, metrics } = options;
  let { route } = options;
  let hasRerouted = false;

  const reroute = async (failure: UpstreamFailure, { body }: AgentRequest): Promise<void> => {
    const next = await resolveAgain(routes, request, failure);
    // To go on elsewhere is safe while nothing was done, and is tried once.
    if (!next || failure === 'broken' || hasRerouted || isSame(next, route))
      throw agentUnreachable(failure, sender.attempts());
    if (isSpent(body)) throw uploadInterrupted();
    hasRerouted = true;
    route = next;
  };
  return {
    async request(first, response, nextRequest) {
      const retryBudget = createRetryBudget(retries);
      let agentRequest = first;
      for (;;) {
        const end = await sender.send(route, agentRequest, response);
        const next =
          end.kind === 'broken' || end.kind === 'truncated' ? nextRequest(end) : undefined;
        const delayMs = next && retryBudget.delayAfter(end);
        if (next && delayMs !== undefined) {
          await waitOrLeave(delayMs, outgoing);
          if (outgoing.destroyed) return { kind: 'client_left' };
          metrics.countResumption(end.kind === 'broken' ? 'no_response' : 'midway');
          agentRequest = next;
          continue;
        }
        const failure = upstreamFailureOf(end);
        if (!failure) {
          await refuseEndedIfSilent(routes, request, end);
          return end;
        }
        await reroute(failure, agentRequest);
      }
    },
  };
}

/**
 * Where the session is by a strongly consistent read; undefined where the store is out as well and
 * the loss says enough.
 * @throws AppError as `RouteResolver.resolve`: most of all `session_ended`.
 */
async function resolveAgain(
  routes: RouteResolver,
  request: RouteRequest,
  failure: UpstreamFailure,
): Promise<Route | undefined> {
  try {
    return (await routes.resolveAgain(request)).route;
  } catch (error) {
    if (failure !== 'misdirected' && isStoreOutage((error as Error).cause)) return undefined;
    throw error;
  }
}

/**
 * An unresponsive agent may be one whose session has ended: its route is forgotten, and where the
 * client has no response yet, a strongly consistent read tells an ended session from a slow one.
 * @throws AppError `session_ended`
 */
async function refuseEndedIfSilent(
  routes: RouteResolver,
  request: RouteRequest,
  end: ProxyOutcome,
): Promise<void> {
  if (end.kind === 'truncated' && end.reason === 'idle_timeout')
    return routes.evict(request.sessionId);
  if (end.kind !== 'idle_timeout') return;
  try {
    // What has expired may still run the step that the client waits for.
    await routes.resolveAgain({ ...request, begins: false });
  } catch (error) {
    if (error instanceof AppError && error.code === 'session_ended') throw error;
    // A read that fails does not make the agent's timeout another error.
  }
}

const isSame = (one: Route, other: Route): boolean =>
  one.origin === other.origin && one.instanceId === other.instanceId;

/** Of an upload that was begun a part is gone. */
const isSpent = (body: AgentRequest['body']): boolean =>
  body !== null && !Buffer.isBuffer(body) && body.readableDidRead;
