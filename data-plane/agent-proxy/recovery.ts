import { queryInteger } from '@steppe/contracts/fields';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import type { ResponseSink } from '../http-proxy/response-writer.ts';
import type { AgentRequest } from './agent-call.ts';
import type { RecoveryKind } from './agent-operations.ts';
import { ResumableResponse } from './resume/resumable-response.ts';

export type InterruptedOutcome = Extract<ProxyOutcome, { kind: 'broken' | 'truncated' }>;

/** Where the response of a call goes, and what to send after an interruption. */
export interface Recovery {
  response: ResponseSink;
  /**
   * The request to send after an interrupted response; undefined if the call must not be repeated.
   */
  nextRequest(outcome: InterruptedOutcome): AgentRequest | undefined;
}

interface RecoverableCall {
  request: AgentRequest;
  /** Set if a step is submitted. */
  stepId: string | undefined;
  lastEventId: string | string[] | undefined;
}

/** Chooses how a call recovers from an interrupted response, by its kind. */
export function createRecovery(
  kind: Exclude<RecoveryKind, 'restart'>,
  { request, stepId, lastEventId }: RecoverableCall,
  response: ResponseSink,
): Recovery {
  const [pathname = '', query = ''] = request.path.split('?');
  switch (kind) {
    case 'never':
      return { response, nextRequest: () => undefined };
    case 'no_response':
      return {
        response,
        nextRequest: (outcome) => (outcome.kind === 'broken' ? request : undefined),
      };
    case 'submit':
      return resumeStep(
        { request, eventsPath: `${pathname}/${stepId}/events`, after: 0 },
        response,
      );
    case 'follow':
      return resumeStep(
        { request, eventsPath: pathname, after: readAfter(query, lastEventId) },
        response,
      );
  }
}

interface StepCall {
  request: AgentRequest;
  /** The path of the step's events. */
  eventsPath: string;
  /** `seq` of the last event that the client already has. */
  after: number;
}

/**
 * A step resumes at any point. The agent recognises it by its id: the same request joins the step,
 * and its events continue after the last one that the client has.
 */
function resumeStep({ request, eventsPath, after }: StepCall, writer: ResponseSink): Recovery {
  const response = new ResumableResponse(writer, after);
  return {
    response,
    nextRequest(outcome) {
      if (outcome.kind === 'broken') return request;
      const rest = response.rest();
      if (rest?.kind !== 'events') return rest && request;
      const path = `${eventsPath}?after=${rest.lastSeq}`;
      return { method: 'GET', path, body: null, without: 'last-event-id' };
    },
  };
}

const seqSchema = queryInteger(0, Number.MAX_SAFE_INTEGER).catch(0);

/**
 * Reads `after` of a call for events as the agent does: the header overrides the query unless it is
 * empty. A value that the agent rejects becomes 0 here.
 */
const readAfter = (query: string, lastEventId: string | string[] | undefined): number =>
  seqSchema.parse(lastEventId || new URLSearchParams(query).get('after'));
