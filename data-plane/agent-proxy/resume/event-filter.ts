import { type EventForm, eventFramings } from './event-framing.ts';
import type { ResumeFilter } from './resume-filter.ts';

export interface EventFilter extends ResumeFilter {
  /**
   * `seq` of the last event that was let through; undefined if that event could not be read, in
   * which case nothing can follow it.
   */
  lastSeq(): number | undefined;
}

/** Twice the largest event of an agent: anything longer is not an event. */
const maxHeldBytes = 16 * 1024 * 1024;

/**
 * Lets whole events through and holds back an incomplete one, which an interruption would leave
 * unfinished. It inspects only the last event of a chunk, however many the chunk holds.
 * @param after `seq` of the event before the first one that arrives.
 */
export function createEventFilter(form: EventForm, after: number): EventFilter {
  const { separator, readLast } = eventFramings[form];
  let seq = after;
  let isReadable = true;
  let isWhole = false;
  let held: Buffer[] = [];
  let heldBytes = 0;

  /** The offset at which the last whole event of a chunk ends; 0 if the chunk completes none. */
  const endOfWhole = (chunk: Buffer): number => {
    const at = chunk.lastIndexOf(separator);
    if (at !== -1) return at + separator.length;
    // A separator may arrive in two pieces.
    const isSplit = separator.length === 2 && chunk[0] === 0x0a && held.at(-1)?.at(-1) === 0x0a;
    return isSplit ? 1 : 0;
  };
  /** @returns false if there are only keepalives. */
  const noteLast = (events: Buffer): boolean => {
    const last = readLast(events);
    if (!last) return false;
    const event =
      last === 'unreadable' || (last.seq !== undefined && last.seq <= seq) ? undefined : last;
    isReadable = event !== undefined;
    isWhole = event?.isFinal ?? false;
    seq = event?.seq ?? seq;
    return true;
  };
  const hold = (pieces: Buffer[]): void => {
    held = pieces;
    heldBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  };
  /** Data that never completes an event is let through unchanged; nothing can resume after it. */
  const holdMore = (chunk: Buffer): Buffer[] => {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes <= maxHeldBytes) return [];
    const pieces = held;
    hold([]);
    isReadable = false;
    return pieces;
  };
  return {
    take(chunk) {
      const end = endOfWhole(chunk);
      if (end === 0) return holdMore(chunk);
      const whole = chunk.subarray(0, end);
      const pieces = [...held, whole];
      // The rest of a held event can look like any event, so it is skipped here. The held event is
      // read as a whole, and only if no other event follows it.
      const begunHere =
        held.length === 0 ? whole : whole.subarray(whole.indexOf(separator) + separator.length);
      if (!noteLast(begunHere) && held.length > 0) noteLast(Buffer.concat(pieces));
      hold(end < chunk.length ? [chunk.subarray(end)] : []);
      return pieces;
    },
    finish: () => held,
    nextResponse() {
      hold([]);
    },
    isWhole: () => isWhole,
    lastSeq: () => (isReadable ? seq : undefined),
  };
}
