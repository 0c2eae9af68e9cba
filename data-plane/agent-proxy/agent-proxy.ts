import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ErrorCode } from '@steppe/contracts/errors';
import type { Ids } from '@steppe/contracts/ids';
import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import { addLogFields, type HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { Context } from 'hono';
import { nodeBindings } from '../../service-kit/http/http-env.ts';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { createResponseWriter } from '../http-proxy/response-writer.ts';
import { createRetryBudget, type RetryPolicy } from '../http-proxy/retry-policy.ts';
import { readSessionId, readStepId, targetPath } from '../routing/resolve-route.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';
import type { AgentCall } from './agent-call.ts';
import { type AgentOperation, agentOperations } from './agent-operations.ts';
import { createRecovery } from './recovery.ts';
import { readAgentBody } from './request-body.ts';
import { restartByEpoch } from './restart.ts';
import { createAgentUpstream, type UpstreamDependencies } from './upstream.ts';

interface Dependencies extends UpstreamDependencies {
  /** Holds the body of a step until the call ends, because it may have to be sent again. */
  bodies: BodyBudget;
  retries: RetryPolicy;
  ids: Ids;
  logger: Logger;
}

interface Caller {
  principal: Principal;
  trace: TraceHeaders;
}

/** Sends a call to the agent of its session and streams the response back. */
export type AgentProxy = (
  c: Context<HttpEnv>,
  operation: AgentOperation,
  caller: Caller,
) => Promise<Response>;

const stepIdHeader = 'steppe-step-id';

export function createAgentProxy(dependencies: Dependencies): AgentProxy {
  const { bodies, ids, logger } = dependencies;
  const upstream = createAgentUpstream(dependencies);
  return async (c, operation, caller) => {
    const { recovery } = agentOperations[operation];
    const path = targetPath(c.req.url);
    const share = bodies.open(caller.principal.tenantId);
    try {
      const call = await routeCall(c, path, { ...dependencies, operation, caller });
      const { incoming } = call;
      // Read the body only after the route is known: the body of a call to an unknown session is
      // not read.
      const { body, stepId, restart } = await readAgentBody(c, operation, { incoming, share, ids });
      if (stepId) {
        addLogFields(c, { step_id: stepId });
        // This header is for errors rendered here; the response writer adds it to the agent's
        // responses.
        c.header(stepIdHeader, stepId);
      }
      const request = { method: c.req.method, path, body };
      const response = createResponseWriter(call.outgoing, { ownHeaders: ownHeaders(c, stepId) });
      const lastEventId = incoming.headers['last-event-id'];
      const outcome =
        recovery === 'restart'
          ? await restartByEpoch({ upstream, call, path, request: restart ?? {}, response })
          : await upstream.send(
              call,
              request,
              createRecovery(recovery, { request, stepId, lastEventId }, response),
            );
      const errorCode = incompleteAs(outcome);
      if (errorCode) cutOff(c, errorCode);
    } catch (error) {
      if (!nodeBindings(c).outgoing.headersSent) throw error;
      cutOff(c, error instanceof AppError ? error.code : 'internal');
      if (!(error instanceof AppError))
        logger.error({ err: error, request_id: c.var.requestId }, 'request failed midway');
    } finally {
      share.release();
    }
    return RESPONSE_ALREADY_SENT;
  };
}

interface RoutedCall extends Dependencies {
  operation: AgentOperation;
  caller: Caller;
}

/** @throws AppError like `RouteResolver.resolve` */
async function routeCall(
  c: Context<HttpEnv>,
  path: string,
  { operation, caller, routes, clock, metrics, retries }: RoutedCall,
): Promise<AgentCall> {
  const arrivedAtMs = clock.monotonicMs();
  const sessionId = readSessionId(path);
  addLogFields(c, { session_id: sessionId, step_id: readStepId(path) });
  const { begins, recovery } = agentOperations[operation];
  const target = { sessionId, tenantId: caller.principal.tenantId, begins };
  // Only the agent knows whether a submitted step is new or joins a running one, so it refuses new
  // steps itself.
  const resolved = await routes.resolve({ ...target, begins: begins && recovery !== 'submit' });
  metrics.countRoute(resolved.source);
  addLogFields(c, { route: resolved.source });
  return {
    ...nodeBindings(c),
    c,
    target,
    trace: caller.trace,
    retryBudget: createRetryBudget(retries),
    arrivedAtMs,
    route: resolved.route,
    hasMoved: false,
    attempts: 0,
    isSent: false,
  };
}

const ownHeaders = (c: Context<HttpEnv>, stepId: string | undefined): Record<string, string> => ({
  'x-request-id': c.var.requestId,
  ...(stepId && { [stepIdHeader]: stepId }),
});

/**
 * The error code of a response that reached the client only in part; undefined for a complete one.
 */
function incompleteAs(outcome: ProxyOutcome): ErrorCode | undefined {
  if (outcome.kind === 'mismatched') return 'runtime_unreachable';
  if (outcome.kind !== 'truncated') return undefined;
  return outcome.reason === 'idle_timeout' ? 'step_deadline_exceeded' : 'runtime_unreachable';
}

/** Closes the connection, so that the client sees that its response is incomplete. */
function cutOff(c: Context<HttpEnv>, outcome: ErrorCode): void {
  addLogFields(c, { outcome });
  nodeBindings(c).outgoing.destroy();
}
