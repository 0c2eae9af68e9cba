import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerCutter } from './answer-cutter.ts';
import type { AnswerSink } from './answer-sink.ts';
import { createEventCutter } from './event-cutter.ts';
import type { EventForm } from './event-framing.ts';
import { createResultCutter } from './result-cutter.ts';

/** How the rest of an answer is asked for: events from the one after `lastSeq` on, or the same result once more. */
export type Rest = { kind: 'events'; lastSeq: number } | { kind: 'result' };

export interface StepAnswer extends AnswerSink {
  /** After an answer broke off of which the client has a part; undefined where nothing can be gone on with. */
  rest(): Rest | undefined;
}

/** The `content-type` of an answer that can be gone on with, and how. */
type Form = EventForm | 'result';

interface Begun {
  form: Form;
  length: string | undefined;
  cutter: AnswerCutter;
  rest: () => Rest | undefined;
}

/**
 * An answer of a step: what one answer left out, when it broke off, the next one adds, without gap or repeat and without the
 * client's knowing.
 * @param after `seq` of the event before the first one that was asked for.
 */
export function createStepAnswer(writer: AnswerSink, after: number): StepAnswer {
  let begun: Begun | undefined;
  let hasPart = false;
  return {
    begin(status, headers) {
      if (hasPart) return begun !== undefined && continues(begun, status, headers);
      begun = beginAs(formOf(status, headers), headers['content-length'], after);
      return writer.begin(status, headers);
    },
    write(chunk) {
      if (begun) writer.write(...begun.cutter.take(chunk));
      else writer.write(chunk);
    },
    end() {
      if (begun) writer.write(...begun.cutter.finish());
      writer.end();
    },
    breakOff() {
      if (begun?.cutter.isWhole()) {
        writer.end();
        return 'whole';
      }
      begun?.cutter.goOn();
      const delivered = writer.breakOff();
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

function beginAs(form: Form | undefined, length: string | undefined, after: number): Begun | undefined {
  if (form === undefined) return undefined;
  if (form === 'result')
    return { form, length, cutter: createResultCutter(length === undefined), rest: () => ({ kind: 'result' }) };
  const cutter = createEventCutter(form, after);
  const rest = (): Rest | undefined => {
    const lastSeq = cutter.lastSeq();
    return lastSeq === undefined ? undefined : { kind: 'events', lastSeq };
  };
  return { form, length, cutter, rest };
}

/** A length that was promised to the client must be kept. */
const continues = ({ form, length }: Begun, status: number, headers: IncomingHttpHeaders): boolean =>
  formOf(status, headers) === form && (length === undefined || [length, undefined].includes(headers['content-length']));
