import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Principal } from '@steppe/service-kit/caller/principal';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import type { Context } from 'hono';
import { type AgentOperation, agentCalls } from './agent-calls.ts';
import { agentSilent, agentUnreachable, type Loss, lossOf, uploadMoved } from './agent-failures.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { targetPath } from './forward/target-path.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import type { Route } from './known-session.ts';
import { addLogFields } from './log-fields.ts';
import { nodeExchange } from './node-exchange.ts';
import { readAgentBody } from './read-agent-body.ts';
import { readSessionId, readStepId } from './read-session-id.ts';
import type { RouteRequest, RouteResolver } from './resolve-route.ts';
import { isStoreOutage } from './route-cache.ts';
import { createSender, type SenderDependencies } from './send-to-agent.ts';

interface Dependencies extends SenderDependencies {
  routes: RouteResolver;
  metrics: ForwardMetrics;
}

export type AgentForwarder = (c: Context<HttpEnv>, operation: AgentOperation, principal: Principal) => Promise<Response>;

const stepIdHeader = 'steppe-step-id';

/** Sends a call to the agent of its session and streams the answer back. */
export function createAgentForwarder(dependencies: Dependencies): AgentForwarder {
  const { routes, metrics, silenceLimitMs } = dependencies;
  return async (c, operation, principal) => {
    const arrivedAt = performance.now();
    const path = targetPath(c.req.url);
    const sessionId = readSessionId(path);
    addLogFields(c, { session_id: sessionId, step_id: readStepId(path) });
    const { incoming } = nodeExchange(c);

    const { body, stepId } = await readAgentBody(c, operation, incoming);
    if (stepId) {
      addLogFields(c, { step_id: stepId });
      // On the answers that we render; the agent's gets it where it is written.
      c.header(stepIdHeader, stepId);
    }
    const request: RouteRequest = { sessionId, tenantId: principal.tenantId, begins: agentCalls[operation].begins };
    const resolved = await routes.resolve(request);
    metrics.countRoute(resolved.source);
    addLogFields(c, { route: resolved.source });

    const ownHeaders = { 'x-request-id': c.var.requestId, ...(stepId && { [stepIdHeader]: stepId }) };
    const sender = createSender(dependencies, c, { sessionId, path, body, ownHeaders, arrivedAt });
    const isSpent = () => body === incoming && incoming.readableDidRead;

    let { route } = resolved;
    let hasMoved = false;
    for (;;) {
      const end = await sender.send(route);
      const loss = lossOf(end);
      if (!loss) return finish(end);
      const next = await lookAgain(routes, request, loss);
      // To go on elsewhere is safe while nothing was done, and is tried once.
      if (!next || loss === 'broken' || hasMoved || isSame(next, route)) throw agentUnreachable(loss, sender.attempts());
      if (isSpent()) throw uploadMoved();
      hasMoved = true;
      route = next;
    }

    function finish(end: ExchangeEnd): Response {
      if (end.kind === 'silent') throw agentSilent(silenceLimitMs);
      if (end.kind === 'declined') throw new Error(`the agent at ${route.origin} refused our token with ${end.status}`);
      if (end.kind === 'answered' && end.status === 410) routes.evict(sessionId);
      if (end.kind === 'truncated') {
        addLogFields(c, { outcome: end.reason === 'silent' ? 'step_deadline_exceeded' : 'runtime_unreachable' });
      }
      return RESPONSE_ALREADY_SENT;
    }
  };
}

/**
 * Where the session is by a strongly consistent read; undefined where the store is out as well and the loss says enough.
 * @throws AppError as `RouteResolver.resolve`: most of all `session_ended`.
 */
async function lookAgain(routes: RouteResolver, request: RouteRequest, loss: Loss): Promise<Route | undefined> {
  try {
    return (await routes.resolveAgain(request)).route;
  } catch (error) {
    if (loss !== 'misdirected' && isStoreOutage((error as Error).cause)) return undefined;
    throw error;
  }
}

const isSame = (one: Route, other: Route): boolean => one.origin === other.origin && one.instanceId === other.instanceId;
