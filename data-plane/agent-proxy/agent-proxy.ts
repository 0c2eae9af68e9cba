import type { ErrorCode } from '@steppe/contracts/errors';
import type { Ids } from '@steppe/contracts/ids';
import type { Principal } from '@steppe/service-kit/auth/caller/principal';
import type { BodyBudget } from '@steppe/service-kit/http/body/body-budget';
import type { Call } from '@steppe/service-kit/http/call';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import { ResponseWriter } from '../http-proxy/response-writer.ts';
import { RetryBudget, type RetryPolicy } from '../http-proxy/retry-policy.ts';
import { type RouteRequest, readSessionId, readStepId } from '../routing/resolve-route.ts';
import type { TraceHeaders } from '../telemetry/tracing.ts';
import type { AgentCall } from './agent-call.ts';
import { type AgentOperation, agentOperations } from './agent-operations.ts';
import { createRecovery } from './recovery.ts';
import { type AgentBody, readAgentBody } from './request-body.ts';
import { restartByEpoch } from './restart.ts';
import { type AgentUpstream, createAgentUpstream, type UpstreamDependencies } from './upstream.ts';

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
  const { bodies, ids, routes, metrics, retries } = dependencies;
  const upstream = createAgentUpstream(dependencies);
  return async (client, operation, { principal, trace }) => {
    const target = targetOf(client, operation, principal);
    // Only the agent knows whether a submitted step is new or joins a running one, so it refuses
    // new steps itself.
    const isSubmit = agentOperations[operation].recovery === 'submit';
    const wanted = isSubmit ? { ...target, begins: false } : target;
    const { route, source } = routes.known(wanted) ?? (await routes.resolve(wanted));
    metrics.countRoute(source);
    client.logFields.route = source;
    const share = bodies.open(principal.tenantId);
    try {
      // Read the body only after the route is known: the body of a call to an unknown session is
      // not read.
      const body = await readAgentBody(client, operation, { share, ids });
      if (body.stepId) {
        client.logFields.step_id = body.stepId;
        client.headers['steppe-step-id'] = body.stepId;
      }
      const call: AgentCall = {
        client,
        target,
        trace,
        retryBudget: new RetryBudget(retries),
        route,
        hasMoved: false,
        attempts: 0,
        isSent: false,
      };
      const errorCode = incompleteAs(await forward(upstream, call, operation, body));
      if (errorCode) cutOff(client, errorCode);
    } finally {
      share.release();
    }
  };
}

function forward(
  upstream: AgentUpstream,
  call: AgentCall,
  operation: AgentOperation,
  { body, stepId, restart }: AgentBody,
): Promise<ProxyOutcome> {
  const { method, pathname, search, headers, incoming, outgoing } = call.client;
  const path = pathname + search;
  const response = new ResponseWriter(outgoing, headers);
  const { recovery } = agentOperations[operation];
  if (recovery === 'restart')
    return restartByEpoch({ upstream, call, path, request: restart ?? {}, response });
  const request = { method, path, body };
  const lastEventId = incoming.headers['last-event-id'];
  const recoverable = { request, stepId, lastEventId };
  return upstream.send(call, request, createRecovery(recovery, recoverable, response));
}

/** @throws AppError `session_not_found` if the path names no session */
function targetOf(
  { logFields, pathname }: Call,
  operation: AgentOperation,
  { tenantId }: Principal,
): RouteRequest {
  const sessionId = readSessionId(pathname);
  logFields.session_id = sessionId;
  const stepId = readStepId(pathname);
  if (stepId) logFields.step_id = stepId;
  return { sessionId, tenantId, begins: agentOperations[operation].begins };
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
