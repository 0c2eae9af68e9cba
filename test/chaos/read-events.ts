import { type StepEvent, stepEventSchema } from '@steppe/contracts/step';
import { answerLines } from '../answer-lines.ts';
import { parseWhole } from './read-answer.ts';

export type StreamForm = 'application/x-ndjson' | 'text/event-stream';

/** They have no `seq`: a sign of life, and the word after which a reader has to ask again. */
const isNoEvent = (json: string): boolean => json === '{"type":"keepalive"}' || json.startsWith('{"type":"cut_off"');

/**
 * The events of a stream in either form, as they come; ends where the stream does.
 * @throws MalformedAnswer for a whole line that is none, and what fetch throws where the stream breaks.
 */
export async function* readEvents(answer: Response, form: StreamForm): AsyncGenerator<StepEvent> {
  const prefix = form === 'text/event-stream' ? 'data: ' : '';
  for await (const line of answerLines(answer)) {
    // Names and ids of events, comments and empty lines.
    if (line === '' || (prefix !== '' && /^(event|id): |^:/.test(line))) continue;
    const json = line.startsWith(prefix) ? line.slice(prefix.length) : line;
    if (!isNoEvent(json)) yield parseWhole(json, stepEventSchema);
  }
}
