import type { StepId } from '@steppe/contracts/ids';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import type { ResponseSink } from '../http-proxy/response-sink.ts';
import { type AgentOperation, agentCalls } from './agent-operations.ts';
import type { RestartRequest } from './request-body.ts';
import { restartByEpoch } from './restart.ts';
import { proxyStep, readAfter } from './resume/resume-step.ts';
import type { AgentRequest } from './send-to-agent.ts';
import type { AgentUpstream } from './upstream.ts';
import { isTokenRejection } from './upstream-failure.ts';

interface AgentCall {
  operation: AgentOperation;
  agentRequest: AgentRequest;
  /** Of a step that is submitted. */
  stepId: StepId | undefined;
  /** Of a restart. */
  restart: RestartRequest | undefined;
  lastEventId: string | string[] | undefined;
}

/**
 * Proxies a call, with as many tries as its kind allows.
 * @throws AppError as `AgentUpstream.request`
 */
export function callAgent(
  agentUpstream: AgentUpstream,
  call: AgentCall,
  response: ResponseSink,
): Promise<ProxyOutcome> {
  const { operation, agentRequest, stepId, restart = {}, lastEventId } = call;
  const [pathname = '', query = ''] = agentRequest.path.split('?');
  switch (agentCalls[operation].recovery) {
    case 'never':
      return agentUpstream.request(agentRequest, response, () => undefined);
    case 'no_response':
      return agentUpstream.request(agentRequest, response, ({ kind }) =>
        kind === 'broken' ? agentRequest : undefined,
      );
    case 'submit':
      return proxyStep(
        agentUpstream,
        { agentRequest, eventsPath: `${pathname}/${stepId}/events`, after: 0 },
        response,
      );
    case 'follow':
      return proxyStep(
        agentUpstream,
        { agentRequest, eventsPath: pathname, after: readAfter(query, lastEventId) },
        response,
      );
    case 'restart':
      return restartByEpoch({
        agentUpstream,
        path: agentRequest.path,
        request: restart,
        response,
        isRejected: isTokenRejection,
      });
  }
}
