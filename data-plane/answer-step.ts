import { queryInteger } from '@steppe/contracts/fields';
import type { AgentDialogue, BrokenOff } from './agent-dialogue.ts';
import type { AnswerSink } from './forward/answer-sink.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import { createStepAnswer } from './forward/step-answer.ts';
import type { AgentAsk } from './send-to-agent.ts';

interface StepCall {
  ask: AgentAsk;
  /** Where the step's events are. */
  eventsPath: string;
  /** `seq` of the event after which the client wants to hear. */
  after: number;
}

/**
 * Has a step answered, whatever breaks between here and its agent: the agent knows the step by its id, so that the same call
 * joins it, and its events are gone on with after the last one that the client has.
 */
export function answerStep(
  dialogue: AgentDialogue,
  { ask, eventsPath, after }: StepCall,
  writer: AnswerSink,
): Promise<ExchangeEnd> {
  const answer = createStepAnswer(writer, after);
  return dialogue.ask(ask, answer, ({ kind }: BrokenOff) => {
    if (kind === 'broken') return ask;
    const rest = answer.rest();
    if (rest?.kind !== 'events') return rest && ask;
    return { method: 'GET', path: `${eventsPath}?after=${rest.lastSeq}`, body: null, without: 'last-event-id' };
  });
}

const seqSchema = queryInteger(0, Number.MAX_SAFE_INTEGER).catch(0);

/** The `after` of a call for events, as its agent reads it: the header goes before the query, unless it is empty. What it refuses is 0
 * here. */
export const readAfter = (query: string, lastEventId: string | string[] | undefined): number =>
  seqSchema.parse(lastEventId || new URLSearchParams(query).get('after'));
