import { type StepEvent, stepEventSchema } from '@steppe/contracts/step';

export type StreamForm = 'application/x-ndjson' | 'text/event-stream';

/** The events of a stream in either form, as they come; ends where the stream does. @throws where it breaks. */
export async function* readEvents(answer: Response, form: StreamForm): AsyncGenerator<StepEvent> {
  for await (const line of lines(answer)) {
    const text = form === 'text/event-stream' ? line.replace(/^data: /, '') : line;
    // Names and ids of events, comments, keepalives and empty lines.
    if (!text.startsWith('{') || text === '{"type":"keepalive"}') continue;
    yield stepEventSchema.parse(JSON.parse(text));
  }
}

/** Whole lines alone: what a cut has left of one is not given. */
async function* lines(answer: Response): AsyncGenerator<string> {
  if (!answer.body) return;
  let rest = '';
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}
