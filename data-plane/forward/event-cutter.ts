import type { AnswerCutter } from './answer-cutter.ts';

export type EventForm = 'sse' | 'ndjson';

interface EventFraming {
  separator: string;
  keepalive: string;
  /** How a last event begins: the step's own, or the one that cuts a reader off. */
  lastEvents: readonly string[];
}

/** As little of the framing as tells events, keepalives and the last event apart: JSON escapes line ends, so no text has one. */
const framings: Record<EventForm, EventFraming> = {
  sse: { separator: '\n\n', keepalive: ':', lastEvents: ['event: step_ended\n', 'event: cut_off\n'] },
  ndjson: { separator: '\n', keepalive: '{"type":"keepalive"', lastEvents: ['{"type":"step_ended"', '{"type":"cut_off"'] },
};

export interface EventCutter extends AnswerCutter {
  /** `seq` of the last event that was let through. Events are numbered without gaps, so counting is enough. */
  lastSeq(): number;
}

/**
 * Lets whole events through and holds back the beginning of one, which a break would leave unfinished.
 * @param after `seq` of the event before the first one that comes.
 */
export function createEventCutter(form: EventForm, after: number): EventCutter {
  const { separator, keepalive, lastEvents } = framings[form];
  let seq = after;
  let isWhole = false;
  let held: Buffer[] = [];

  const beginsWith = (piece: Buffer, start: number, text: string): boolean =>
    piece.toString('latin1', start, start + text.length) === text;
  const count = (piece: Buffer): void => {
    let start = 0;
    let lastStart = -1;
    for (let end = piece.indexOf(separator); end !== -1; end = piece.indexOf(separator, start)) {
      if (!beginsWith(piece, start, keepalive)) {
        seq++;
        lastStart = start;
      }
      start = end + separator.length;
    }
    if (lastStart !== -1) isWhole = lastEvents.some((event) => beginsWith(piece, lastStart, event));
  };
  /** Where the last whole event of a chunk ends; 0 where it has none's end. */
  const endOfWhole = (chunk: Buffer): number => {
    const at = chunk.lastIndexOf(separator);
    if (at !== -1) return at + separator.length;
    // A separator may have come in two pieces.
    const isSplit = separator.length === 2 && chunk[0] === 0x0a && held.at(-1)?.at(-1) === 0x0a;
    return isSplit ? 1 : 0;
  };
  return {
    take(chunk) {
      const end = endOfWhole(chunk);
      const rest = chunk.subarray(end);
      const whole =
        end === 0 ? undefined : held.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...held, chunk.subarray(0, end)]);
      if (whole) {
        count(whole);
        held = [];
      }
      if (rest.length > 0) held.push(rest);
      return whole;
    },
    finish: () => (held.length > 0 ? Buffer.concat(held) : undefined),
    goOn() {
      held = [];
    },
    isWhole: () => isWhole,
    lastSeq: () => seq,
  };
}
