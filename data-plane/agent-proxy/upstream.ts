import type { InternalTokenSigner } from '@steppe/service-kit/auth/internal-token/signer';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Dispatcher } from 'undici';
import { requestHeaders } from '../http-proxy/headers.ts';
import { type ProxyOutcome, type ProxyRequest, proxyRequest } from '../http-proxy/proxy-request.ts';
import { isInvalidRequest, waitForRetry } from '../http-proxy/retry-policy.ts';
import type { RouteResolver } from '../routing/resolve-route.ts';
import { isStoreOutage } from '../routing/route-cache.ts';
import type { Route } from '../routing/route-entry.ts';
import type { ForwardMetrics } from '../telemetry/forward-metrics.ts';
import type { AgentCall, AgentRequest } from './agent-call.ts';
import type { Recovery } from './recovery.ts';
import {
  agentIdleTimeout,
  agentUnreachable,
  isTokenRejection,
  type UpstreamFailure,
  uploadInterrupted,
  upstreamFailureOf,
} from './upstream-failure.ts';

export interface UpstreamDependencies {
  routes: RouteResolver;
  signer: InternalTokenSigner;
  dispatcher: Dispatcher;
  clock: Clock;
  metrics: ForwardMetrics;
  idleTimeoutMs: number;
  uploadStallLimitMs: number;
}

/** The agents of all sessions. */
export interface AgentUpstream {
  /**
   * Sends requests until the response is complete or has failed: retries connections, resumes
   * interrupted responses as `recovery` allows, and follows a session that moved.
   * @returns how the last attempt ended: `responded`, `truncated`, `mismatched` or `client_left`.
   * @throws AppError if the agent cannot be reached or is idle for too long, or like
   * `RouteResolver.resolve` if a strongly consistent read shows why.
   */
  send(call: AgentCall, request: AgentRequest, recovery: Recovery): Promise<ProxyOutcome>;
}

export function createAgentUpstream(dependencies: UpstreamDependencies): AgentUpstream {
  const { clock, metrics, routes, signer } = dependencies;
  const settings = { ...dependencies, isRejected: isTokenRejection };
  return {
    async send(call, first, { response, nextRequest }) {
      const { retryBudget } = call;
      const { outgoing } = call.client;
      const onSent = () => {
        if (!call.isSent) metrics.observeAdded(clock.monotonicMs() - call.client.arrivedAtMs);
        call.isSent = true;
      };
      const client = { outgoing, response, onSent };
      let request = first;
      for (;;) {
        const token = await signer.sign(call.route.instanceId, call.target.sessionId);
        const outcome = await proxyRequest(toAgent(call, request, token), client, settings);
        if (outcome.kind === 'unconnected' && isInvalidRequest(outcome.error)) throw outcome.error;
        const next = isInterrupted(outcome) ? nextRequest(outcome) : undefined;
        const delayMs = retryBudget.delayAfter(outcome, next !== undefined);
        if (delayMs !== undefined) {
          // The address of an ended session accepts no connection: a row that tells so saves the
          // wait for the other attempts.
          const isFirst = outcome.kind === 'unconnected' && call.attempts === 1;
          if (isFirst && (await tryToMove(call, { failure: outcome.kind, request, routes })))
            continue;
          if (!(await waitForRetry(delayMs, { clock, outgoing }))) return { kind: 'client_left' };
          countRetry(metrics, outcome);
          request = next ?? request;
          continue;
        }
        const failure = upstreamFailureOf(outcome);
        if (!failure) return checkOutcome(call, outcome, dependencies);
        if (!(await tryToMove(call, { failure, request, routes })))
          throw agentUnreachable(failure, call.attempts);
      }
    },
  };
}

/** Builds the request. Counts the attempt. @param token for its instance and session */
function toAgent(
  call: AgentCall,
  { method, path, body, without }: AgentRequest,
  token: string,
): ProxyRequest {
  const { origin, instanceId } = call.route;
  const { incoming, requestId, logFields } = call.client;
  const headers = requestHeaders(incoming, {
    authorization: `Bearer ${token}`,
    requestId,
    trace: call.trace,
    body: body === null ? 'none' : body === incoming ? 'same' : 'json',
    without,
  });
  call.attempts++;
  logFields.instance_id = instanceId;
  logFields.target_endpoint = origin;
  logFields.attempts = call.attempts;
  return { origin, method, path, headers, body };
}

const isInterrupted = (outcome: ProxyOutcome) =>
  outcome.kind === 'broken' || outcome.kind === 'truncated';

function countRetry(metrics: ForwardMetrics, outcome: ProxyOutcome): void {
  if (outcome.kind === 'unconnected') metrics.countRetry('agent');
  else metrics.countResumption(outcome.kind === 'broken' ? 'no_response' : 'midway');
}

interface Move {
  failure: UpstreamFailure;
  request: AgentRequest;
  routes: RouteResolver;
}

/**
 * Points the call at the address that a strongly consistent read finds for the session. This is
 * safe only if the old address executed nothing.
 * @returns false if it is still at the address that failed.
 * @throws AppError if the session has ended.
 */
async function tryToMove(call: AgentCall, { failure, request, routes }: Move): Promise<boolean> {
  const next = await resolveAgain(call, failure, routes);
  if (!next || failure === 'broken' || call.hasMoved || isSame(next, call.route)) return false;
  if (isPartlyRead(request.body)) throw uploadInterrupted();
  call.hasMoved = true;
  call.route = next;
  call.retryBudget.onMoved();
  return true;
}

/** Undefined if the store is unavailable too, so that the original failure is reported. */
async function resolveAgain(
  { target }: AgentCall,
  failure: UpstreamFailure,
  routes: RouteResolver,
): Promise<Route | undefined> {
  const isRejected = failure === 'misdirected' || failure === 'unauthenticated';
  // Any other agent may be reachable again before the store is.
  if (isRejected) routes.evict(target.sessionId);
  try {
    return (await routes.resolveAgain(target)).route;
  } catch (error) {
    if (!isRejected && isStoreOutage((error as Error).cause)) return undefined;
    throw error;
  }
}

/**
 * Updates the route cache to match the outcome. An unresponsive agent may belong to a session that
 * has ended: if the client has no response yet, a strongly consistent read distinguishes the two.
 * @throws AppError `session_ended`, or `step_deadline_exceeded` for an idle timeout.
 */
async function checkOutcome(
  { target }: AgentCall,
  outcome: ProxyOutcome,
  { routes, idleTimeoutMs }: UpstreamDependencies,
): Promise<ProxyOutcome> {
  const isIdle =
    outcome.kind === 'idle_timeout' ||
    (outcome.kind === 'truncated' && outcome.reason === 'idle_timeout');
  if (isIdle || ('status' in outcome && outcome.status === 410)) routes.evict(target.sessionId);
  if (outcome.kind !== 'idle_timeout') return outcome;
  try {
    // An expired session may still run the step that the client is waiting for.
    await routes.resolveAgain({ ...target, begins: false });
  } catch (error) {
    if (error instanceof AppError && error.code === 'session_ended') throw error;
    // A failed read does not turn the agent's timeout into another error.
  }
  throw agentIdleTimeout(idleTimeoutMs);
}

const isSame = (one: Route, other: Route): boolean =>
  one.origin === other.origin && one.instanceId === other.instanceId;

/** An upload that has been partly read cannot be sent again from its start. */
const isPartlyRead = (body: AgentRequest['body']): boolean =>
  body !== null && !Buffer.isBuffer(body) && body.readableDidRead;
