import type { IncomingHttpHeaders } from 'node:http';
import type { ResponseSink } from '../../http-proxy/response-writer.ts';
import { createEventFilter } from './event-filter.ts';
import type { EventForm } from './event-framing.ts';
import { createResultFilter, type ResumeFilter } from './resume-filter.ts';

/** How to request the rest of a response: the events after `lastSeq`, or the same result again. */
export type Rest = { kind: 'events'; lastSeq: number } | { kind: 'result' };

export interface ResumableResponse extends ResponseSink {
  /**
   * How to continue after an interrupted response that the client has a part of; undefined if it
   * cannot be resumed.
   */
  rest(): Rest | undefined;
}

/** The kind of a resumable response, derived from its `content-type`. */
type Form = EventForm | 'result';

interface Begun {
  form: Form;
  length: string | undefined;
  filter: ResumeFilter;
  rest: () => Rest | undefined;
}

/**
 * The response of a step. When one response is interrupted, the next one supplies what is missing,
 * without gap or repetition and without the client noticing.
 * @param after `seq` of the event before the first one that was requested.
 */
export function createResumableResponse(writer: ResponseSink, after: number): ResumableResponse {
  let begun: Begun | undefined;
  let hasPart = false;
  return {
    begin(status, headers) {
      if (hasPart) return begun !== undefined && continues(begun, status, headers);
      begun = beginAs(formOf(status, headers), headers['content-length'], after);
      return writer.begin(status, headers);
    },
    write(chunk) {
      if (begun) writer.write(...begun.filter.take(chunk));
      else writer.write(chunk);
    },
    end() {
      if (begun) writer.write(...begun.filter.finish());
      writer.end();
    },
    interrupt() {
      if (begun?.filter.isWhole()) {
        writer.end();
        return 'whole';
      }
      begun?.filter.nextResponse();
      const delivered = writer.interrupt();
      hasPart = delivered === 'part';
      return delivered;
    },
    rest: () => (hasPart ? begun?.rest() : undefined),
  };
}

function formOf(status: number, headers: IncomingHttpHeaders): Form | undefined {
  if (status !== 200) return undefined;
  switch (headers['content-type']) {
    case 'text/event-stream':
      return 'sse';
    case 'application/x-ndjson':
      return 'ndjson';
    case 'application/json':
      return 'result';
    default:
      return undefined;
  }
}

function beginAs(
  form: Form | undefined,
  length: string | undefined,
  after: number,
): Begun | undefined {
  if (form === undefined) return undefined;
  if (form === 'result')
    return {
      form,
      length,
      filter: createResultFilter(length === undefined),
      rest: () => ({ kind: 'result' }),
    };
  const filter = createEventFilter(form, after);
  const rest = (): Rest | undefined => {
    const lastSeq = filter.lastSeq();
    return lastSeq === undefined ? undefined : { kind: 'events', lastSeq };
  };
  return { form, length, filter, rest };
}

/** A length that was declared to the client must be kept. */
const continues = (
  { form, length }: Begun,
  status: number,
  headers: IncomingHttpHeaders,
): boolean =>
  formOf(status, headers) === form &&
  (length === undefined || [length, undefined].includes(headers['content-length']));
