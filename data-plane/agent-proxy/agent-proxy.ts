import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ErrorCode } from '@steppe/contracts/errors';
import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { BodyBudget, BodyShare } from '@steppe/service-kit/http/body/body-budget';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import { addLogFields } from '@steppe/service-kit/http/log-fields';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { Context } from 'hono';
import { nodeBindings } from '../api/node-bindings.ts';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { createResponseWriter } from '../http-proxy/response-writer.ts';
import { targetPath } from '../http-proxy/target-path.ts';
import { readSessionId, readStepId } from '../routing/read-session-id.ts';
import type { RouteRequest, RouteResolver } from '../routing/resolve-route.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { TraceHeaders } from '../telemetry/trace-headers.ts';
import { type AgentOperation, agentCalls } from './agent-operations.ts';
import { callAgent } from './call-agent.ts';
import { readAgentBody } from './request-body.ts';
import { createUpstreamSender, type UpstreamSenderDependencies } from './send-to-agent.ts';
import { createAgentUpstream } from './upstream.ts';
import { agentIdleTimeout, isTokenRejection } from './upstream-failure.ts';

interface Dependencies extends UpstreamSenderDependencies {
  routes: RouteResolver;
  /** A step's body is held until the call ends: it may have to be sent again. */
  bodies: BodyBudget;
  metrics: ForwardMetrics;
  logger: Logger;
}

interface Caller {
  principal: Principal;
  trace: TraceHeaders;
}

export type AgentForwarder = (
  c: Context<HttpEnv>,
  operation: AgentOperation,
  caller: Caller,
) => Promise<Response>;

const stepIdHeader = 'steppe-step-id';

/** Sends a call to the agent of its session and streams the response back. */
export function createAgentForwarder(dependencies: Dependencies): AgentForwarder {
  const { routes, bodies, metrics, retries, idleTimeoutMs, logger } = dependencies;
  return (c, operation, caller) =>
    bodies.hold(caller.principal.tenantId, (share) => forward(c, operation, { ...caller, share }));

  async function forward(
    c: Context<HttpEnv>,
    operation: AgentOperation,
    { principal, trace, share }: Caller & { share: BodyShare },
  ): Promise<Response> {
    const arrivedAt = performance.now();
    const path = targetPath(c.req.url);
    const sessionId = readSessionId(path);
    addLogFields(c, { session_id: sessionId, step_id: readStepId(path) });
    const { incoming, outgoing } = nodeBindings(c);
    const { begins, recovery } = agentCalls[operation];
    const request: RouteRequest = { sessionId, tenantId: principal.tenantId, begins };
    // Whether a step begins or joins one that runs is known to its agent alone, which refuses new
    // ones itself.
    const resolved = await routes.resolve({ ...request, begins: begins && recovery !== 'submit' });
    metrics.countRoute(resolved.source);
    addLogFields(c, { route: resolved.source });

    // After the route: for a session that is not there no body is read.
    const { body, stepId, restart } = await readAgentBody(c, operation, { incoming, share });
    if (stepId) {
      addLogFields(c, { step_id: stepId });
      // On the responses that we render; the agent's gets it where it is written.
      c.header(stepIdHeader, stepId);
    }
    const sender = createUpstreamSender(dependencies, c, { sessionId, trace, arrivedAt });
    const agentUpstream = createAgentUpstream({
      sender,
      routes,
      route: resolved.route,
      request,
      outgoing,
      retries,
      metrics,
    });
    const ownHeaders = {
      'x-request-id': c.var.requestId,
      ...(stepId && { [stepIdHeader]: stepId }),
    };
    const response = createResponseWriter(outgoing, { ownHeaders, isRejected: isTokenRejection });
    try {
      const agentRequest = { method: c.req.method, path, body };
      const lastEventId = incoming.headers['last-event-id'];
      finish(
        await callAgent(
          agentUpstream,
          { operation, agentRequest, stepId, restart, lastEventId },
          response,
        ),
      );
    } catch (error) {
      if (!outgoing.headersSent) throw error;
      cutOff(error instanceof AppError ? error.code : 'internal');
      if (!(error instanceof AppError))
        logger.error({ err: error, request_id: c.var.requestId }, 'request failed midway');
    }
    return RESPONSE_ALREADY_SENT;

    function finish(end: ProxyOutcome): void {
      if (end.kind === 'idle_timeout') throw agentIdleTimeout(idleTimeoutMs);
      if ('status' in end && end.status === 410) routes.evict(sessionId);
      if (end.kind === 'rejected' && isTokenRejection(end.status))
        throw new Error(`the agent rejected our token with ${end.status}`);
      if (end.kind === 'rejected') cutOff('runtime_unreachable');
      if (end.kind === 'truncated')
        cutOff(end.reason === 'idle_timeout' ? 'step_deadline_exceeded' : 'runtime_unreachable');
    }
    /**
     * The client has a part of a response that nothing can be added to: that it is not whole must
     * be plain to see.
     */
    function cutOff(outcome: ErrorCode): void {
      addLogFields(c, { outcome });
      outgoing.destroy();
    }
  }
}
