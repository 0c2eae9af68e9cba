import type { StepId } from '@steppe/contracts/ids';
import { type AgentOperation, agentCalls } from './agent-calls.ts';
import type { AgentDialogue } from './agent-dialogue.ts';
import { isAboutToken } from './agent-failures.ts';
import { answerStep, readAfter } from './answer-step.ts';
import type { AnswerSink } from './forward/answer-sink.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import type { RestartRequest } from './read-agent-body.ts';
import { restartByEpoch } from './restart-by-epoch.ts';
import type { AgentAsk } from './send-to-agent.ts';

interface AgentCall {
  operation: AgentOperation;
  ask: AgentAsk;
  /** Of a step that is submitted. */
  stepId: StepId | undefined;
  /** Of a restart. */
  restart: RestartRequest | undefined;
  lastEventId: string | string[] | undefined;
}

/** Has a call answered, with as many tries as may be made of one of its kind. @throws AppError as `AgentDialogue.ask` */
export function answerCall(dialogue: AgentDialogue, call: AgentCall, answer: AnswerSink): Promise<ExchangeEnd> {
  const { operation, ask, stepId, restart = {}, lastEventId } = call;
  const [pathname = '', query = ''] = ask.path.split('?');
  switch (agentCalls[operation].again) {
    case 'never':
      return dialogue.ask(ask, answer, () => undefined);
    case 'unanswered':
      return dialogue.ask(ask, answer, ({ kind }) => (kind === 'broken' ? ask : undefined));
    case 'submit':
      return answerStep(dialogue, { ask, eventsPath: `${pathname}/${stepId}/events`, after: 0 }, answer);
    case 'follow':
      return answerStep(dialogue, { ask, eventsPath: pathname, after: readAfter(query, lastEventId) }, answer);
    case 'restart':
      return restartByEpoch({ dialogue, path: ask.path, request: restart, answer, declines: isAboutToken });
  }
}
