import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ErrorCode } from '@steppe/contracts/errors';
import { AppError } from '@steppe/service-kit/app-error';
import type { BodyBudget, BodyShare } from '@steppe/service-kit/body-budget';
import type { Principal } from '@steppe/service-kit/caller/principal';
import type { HttpEnv } from '@steppe/service-kit/http-env';
import { addLogFields } from '@steppe/service-kit/log-fields';
import type { Logger } from '@steppe/service-kit/logger';
import type { Context } from 'hono';
import { type AgentOperation, agentCalls } from './agent-calls.ts';
import { createAgentDialogue } from './agent-dialogue.ts';
import { agentSilent, isAboutToken } from './agent-failures.ts';
import { answerCall } from './answer-call.ts';
import { createAnswerWriter } from './forward/answer-writer.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { targetPath } from './forward/target-path.ts';
import type { ForwardMetrics } from './forward-metrics.ts';
import { nodeExchange } from './node-exchange.ts';
import { readAgentBody } from './read-agent-body.ts';
import { readSessionId, readStepId } from './read-session-id.ts';
import type { RouteRequest, RouteResolver } from './resolve-route.ts';
import { createSender, type SenderDependencies } from './send-to-agent.ts';
import type { TraceHeaders } from './tracing/trace-headers.ts';

interface Dependencies extends SenderDependencies {
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

export type AgentForwarder = (c: Context<HttpEnv>, operation: AgentOperation, caller: Caller) => Promise<Response>;

const stepIdHeader = 'steppe-step-id';

/** Sends a call to the agent of its session and streams the answer back. */
export function createAgentForwarder(dependencies: Dependencies): AgentForwarder {
  const { routes, bodies, metrics, retries, silenceLimitMs, logger } = dependencies;
  return (c, operation, caller) => bodies.hold(caller.principal.tenantId, (share) => forward(c, operation, { ...caller, share }));

  async function forward(
    c: Context<HttpEnv>,
    operation: AgentOperation,
    { principal, trace, share }: Caller & { share: BodyShare },
  ): Promise<Response> {
    const arrivedAt = performance.now();
    const path = targetPath(c.req.url);
    const sessionId = readSessionId(path);
    addLogFields(c, { session_id: sessionId, step_id: readStepId(path) });
    const { incoming, outgoing } = nodeExchange(c);
    const { begins, again } = agentCalls[operation];
    const request: RouteRequest = { sessionId, tenantId: principal.tenantId, begins };
    // Whether a step begins or joins one that runs is known to its agent alone, which refuses new ones itself.
    const resolved = await routes.resolve({ ...request, begins: begins && again !== 'submit' });
    metrics.countRoute(resolved.source);
    addLogFields(c, { route: resolved.source });

    // After the route: for a session that is not there no body is read.
    const { body, stepId, restart } = await readAgentBody(c, operation, { incoming, share });
    if (stepId) {
      addLogFields(c, { step_id: stepId });
      // On the answers that we render; the agent's gets it where it is written.
      c.header(stepIdHeader, stepId);
    }
    const sender = createSender(dependencies, c, { sessionId, trace, arrivedAt });
    const dialogue = createAgentDialogue({ sender, routes, route: resolved.route, request, outgoing, retries, metrics });
    const ownHeaders = { 'x-request-id': c.var.requestId, ...(stepId && { [stepIdHeader]: stepId }) };
    const answer = createAnswerWriter(outgoing, { ownHeaders, declines: isAboutToken });
    try {
      const ask = { method: c.req.method, path, body };
      const lastEventId = incoming.headers['last-event-id'];
      finish(await answerCall(dialogue, { operation, ask, stepId, restart, lastEventId }, answer));
    } catch (error) {
      if (!outgoing.headersSent) throw error;
      cutOff(error instanceof AppError ? error.code : 'internal');
      if (!(error instanceof AppError)) logger.error({ err: error, request_id: c.var.requestId }, 'request failed midway');
    }
    return RESPONSE_ALREADY_SENT;

    function finish(end: ExchangeEnd): void {
      if (end.kind === 'silent') throw agentSilent(silenceLimitMs);
      if ('status' in end && end.status === 410) routes.evict(sessionId);
      if (end.kind === 'declined' && isAboutToken(end.status)) throw new Error(`the agent refused our token with ${end.status}`);
      if (end.kind === 'declined') cutOff('runtime_unreachable');
      if (end.kind === 'truncated') cutOff(end.reason === 'silent' ? 'step_deadline_exceeded' : 'runtime_unreachable');
    }
    /** The client has a part of an answer that nothing can be added to: that it is not whole must be plain to see. */
    function cutOff(outcome: ErrorCode): void {
      addLogFields(c, { outcome });
      outgoing.destroy();
    }
  }
}
