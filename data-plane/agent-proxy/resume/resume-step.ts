import { queryInteger } from '@steppe/contracts/fields';
import type { ProxyOutcome } from '../../http-proxy/proxy-request.ts';
import type { ResponseSink } from '../../http-proxy/response-sink.ts';
import type { AgentRequest } from '../send-to-agent.ts';
import type { AgentUpstream, BrokenOutcome } from '../upstream.ts';
import { createResumableResponse } from './resumable-response.ts';

interface StepCall {
  agentRequest: AgentRequest;
  /** Where the step's events are. */
  eventsPath: string;
  /** `seq` of the event after which the client wants events. */
  after: number;
}

/**
 * Proxies a step, whatever breaks between here and its agent: the agent knows the step by its id,
 * so the same call joins it, and its events resume after the last one that the client has.
 */
export function proxyStep(
  agentUpstream: AgentUpstream,
  { agentRequest, eventsPath, after }: StepCall,
  writer: ResponseSink,
): Promise<ProxyOutcome> {
  const response = createResumableResponse(writer, after);
  return agentUpstream.request(agentRequest, response, ({ kind }: BrokenOutcome) => {
    if (kind === 'broken') return agentRequest;
    const rest = response.rest();
    if (rest?.kind !== 'events') return rest && agentRequest;
    return {
      method: 'GET',
      path: `${eventsPath}?after=${rest.lastSeq}`,
      body: null,
      without: 'last-event-id',
    };
  });
}

const seqSchema = queryInteger(0, Number.MAX_SAFE_INTEGER).catch(0);

/**
 * The `after` of a call for events, as its agent reads it: the header goes before the query, unless
 * it is empty. What it refuses is 0 here.
 */
export const readAfter = (query: string, lastEventId: string | string[] | undefined): number =>
  seqSchema.parse(lastEventId || new URLSearchParams(query).get('after'));
