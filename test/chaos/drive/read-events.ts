import { type StepEvent, stepEventSchema } from '@steppe/contracts/step';
import { type ResponseBody, responseLines } from '../../support/api/response-lines.ts';
import { parseWhole } from './read-response.ts';

export type StreamForm = 'application/x-ndjson' | 'text/event-stream';

/** Lines without a `seq`: a keepalive, and the line that makes a reader reconnect. */
const isNoEvent = (json: string): boolean =>
  json === '{"type":"keepalive"}' || json.startsWith('{"type":"cut_off"');

/**
 * Yields the events of a stream in either form as they arrive, until the stream ends.
 * @throws MalformedResponseError for a complete but invalid line, and the error of fetch if the
 * stream breaks.
 */
export async function* readEvents(
  response: ResponseBody,
  form: StreamForm,
): AsyncGenerator<StepEvent> {
  const prefix = form === 'text/event-stream' ? 'data: ' : '';
  for await (const line of responseLines(response)) {
    // Names and ids of events, comments and empty lines.
    if (line === '' || (prefix !== '' && /^(event|id): |^:/.test(line))) continue;
    const json = line.startsWith(prefix) ? line.slice(prefix.length) : line;
    if (!isNoEvent(json)) yield parseWhole(json, stepEventSchema);
  }
}
