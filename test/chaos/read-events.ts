import { type StepEvent, stepEventSchema } from '@steppe/contracts/step';
import { responseLines } from '../support/api/response-lines.ts';
import { parseWhole } from './read-response.ts';

export type StreamForm = 'application/x-ndjson' | 'text/event-stream';

/** They have no `seq`: a keepalive, and the line after which a reader has to reconnect. */
const isNoEvent = (json: string): boolean =>
  json === '{"type":"keepalive"}' || json.startsWith('{"type":"cut_off"');

/**
 * The events of a stream in either form, as they come; ends where the stream does.
 * @throws MalformedResponseError for a complete but invalid line, and what fetch throws where the
 * stream breaks.
 */
export async function* readEvents(response: Response, form: StreamForm): AsyncGenerator<StepEvent> {
  const prefix = form === 'text/event-stream' ? 'data: ' : '';
  for await (const line of responseLines(response)) {
    // Names and ids of events, comments and empty lines.
    if (line === '' || (prefix !== '' && /^(event|id): |^:/.test(line))) continue;
    const json = line.startsWith(prefix) ? line.slice(prefix.length) : line;
    if (!isNoEvent(json)) yield parseWhole(json, stepEventSchema);
  }
}
