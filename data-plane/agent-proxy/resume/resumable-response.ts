import type { IncomingHttpHeaders } from 'node:http';
import type { Delivered, ResponseSink } from '../../http-proxy/response-writer.ts';
import { createEventFilter } from './event-filter.ts';
import type { EventForm } from './event-framing.ts';
import { ResultFilter, type ResumeFilter } from './resume-filter.ts';

/** How to request the rest of a response: the events after `lastSeq`, or the same result again. */
export type Rest = { kind: 'events'; lastSeq: number } | { kind: 'result' };

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
 */
export class ResumableResponse implements ResponseSink {
  readonly #writer: ResponseSink;
  readonly #after: number;
  #begun: Begun | undefined;
  #hasPart = false;

  /** @param after `seq` of the event before the first one that was requested. */
  constructor(writer: ResponseSink, after: number) {
    this.#writer = writer;
    this.#after = after;
  }

  begin(status: number, headers: IncomingHttpHeaders): boolean {
    if (this.#hasPart) return this.#begun !== undefined && continues(this.#begun, status, headers);
    this.#begun = beginAs(formOf(status, headers), headers['content-length'], this.#after);
    return this.#writer.begin(status, headers);
  }

  write(chunk: Buffer): void {
    if (this.#begun) this.#writer.write(...this.#begun.filter.take(chunk));
    else this.#writer.write(chunk);
  }

  end(): void {
    if (this.#begun) this.#writer.write(...this.#begun.filter.finish());
    this.#writer.end();
  }

  interrupt(): Delivered {
    if (this.#begun?.filter.isWhole()) {
      this.#writer.end();
      return 'whole';
    }
    this.#begun?.filter.nextResponse();
    const delivered = this.#writer.interrupt();
    this.#hasPart = delivered === 'part';
    return delivered;
  }

  /**
   * How to continue after an interrupted response that the client has a part of; undefined if it
   * cannot be resumed.
   */
  rest(): Rest | undefined {
    return this.#hasPart ? this.#begun?.rest() : undefined;
  }
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
      filter: new ResultFilter(length === undefined),
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
