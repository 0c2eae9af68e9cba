import type { ErrorCode } from '@steppe/contracts/errors';
import type { Ids } from '@steppe/contracts/ids';
import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import type { Call } from '@steppe/service-kit/http/call';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { createResponseWriter } from '../http-proxy/response-writer.ts';
import { createRetryBudget, type RetryPolicy } from '../http-proxy/retry-policy.ts';
import { readSessionId, readStepId } from '../routing/resolve-route.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';
import type { AgentCall } from './agent-call.ts';
import { type AgentOperation, agentOperations } from './agent-operations.ts';
import { createRecovery } from './recovery.ts';
import { type AgentBody, readAgentBody } from './request-body.ts';
import { restartByEpoch } from './restart.ts';
import { createAgentUpstream, type UpstreamDependencies } from './upstream.ts';

interface Dependencies extends UpstreamDependencies {
  /** Holds the body of a step until the call ends, because it may have to be sent again. */
  bodies: BodyBudget;
  retries: RetryPolicy;
  ids: Ids;
}

/** Who calls, and the trace that the call belongs to. */
export interface Caller {
  principal: Principal;
  trace: TraceHeaders;
}

/** Sends a call to the agent of its session and streams the response back. */
export type AgentProxy = (client: Call, operation: AgentOperation, caller: Caller) => Promise<void>;

export function createAgentProxy(dependencies: Dependencies): AgentProxy {
  const { bodies, ids } = dependencies;
  const upstream = createAgentUpstream(dependencies);
  const routeCall = createCallRouter(dependencies);

  const forward = (call: AgentCall, operation: AgentOperation, given: AgentBody) => {
    const { client } = call;
    const { recovery } = agentOperations[operation];
    const { body, stepId, restart } = given;
    const path = client.pathname + client.search;
    const response = createResponseWriter(client.outgoing, { ownHeaders: client.headers });
    if (recovery === 'restart')
      return restartByEpoch({ upstream, call, path, request: restart ?? {}, response });
    const request = { method: client.method, path, body };
    const lastEventId = client.incoming.headers['last-event-id'];
    return upstream.send(
      call,
      request,
      createRecovery(recovery, { request, stepId, lastEventId }, response),
    );
  };

  return async (client, operation, caller) => {
    const share = bodies.open(caller.principal.tenantId);
    try {
      const call = await routeCall(client, operation, caller);
      // Read the body only after the route is known: the body of a call to an unknown session is
      // not read.
      const body = await readAgentBody(client, operation, { share, ids });
      if (body.stepId) {
        client.logFields.step_id = body.stepId;
        client.headers['steppe-step-id'] = body.stepId;
      }
      const errorCode = incompleteAs(await forward(call, operation, body));
      if (errorCode) cutOff(client, errorCode);
    } finally {
      share.release();
    }
  };
}

/** @throws AppError like `RouteResolver.resolve` */
function createCallRouter({ routes, metrics, retries }: Dependencies) {
  return async (
    client: Call,
    operation: AgentOperation,
    { principal, trace }: Caller,
  ): Promise<AgentCall> => {
    const { logFields, pathname } = client;
    const sessionId = readSessionId(pathname);
    logFields.session_id = sessionId;
    const stepId = readStepId(pathname);
    if (stepId) logFields.step_id = stepId;
    const { begins, recovery } = agentOperations[operation];
    const target = { sessionId, tenantId: principal.tenantId, begins };
    // Only the agent knows whether a submitted step is new or joins a running one, so it refuses
    // new steps itself.
    const wanted = recovery === 'submit' ? { ...target, begins: false } : target;
    const { route, source } = routes.known(wanted) ?? (await routes.resolve(wanted));
    metrics.countRoute(source);
    logFields.route = source;
    return {
      client,
      target,
      trace,
      retryBudget: createRetryBudget(retries),
      route,
      hasMoved: false,
      attempts: 0,
      isSent: false,
    };
  };
}

/**
 * The error code of a response that reached the client only in part; undefined for a complete one.
 */
function incompleteAs(outcome: ProxyOutcome): ErrorCode | undefined {
  if (outcome.kind === 'mismatched') return 'runtime_unreachable';
  if (outcome.kind !== 'truncated') return undefined;
  return outcome.reason === 'idle_timeout' ? 'step_deadline_exceeded' : 'runtime_unreachable';
}

/** Closes the connection, so that the client sees that its response is incomplete. */
function cutOff({ outgoing, logFields }: Call, outcome: ErrorCode): void {
  logFields.outcome = outcome;
  outgoing.destroy();
}
