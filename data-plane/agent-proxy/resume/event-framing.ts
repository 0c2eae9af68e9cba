import * as z from 'zod';

export type EventForm = 'sse' | 'ndjson';

interface LastEvent {
  /** Undefined for the line that cuts a reader off, which has no `seq`. */
  seq: number | undefined;
  /** True if no event follows it. */
  isFinal: boolean;
}

interface EventFraming {
  separator: Buffer;
  /** Reads the last of several whole events; undefined if all of them are keepalives. */
  readLast(whole: Buffer): LastEvent | 'unreadable' | undefined;
}

/**
 * Parses only enough of the framing to find where events end and which one is last. JSON escapes
 * line ends, so no text contains one. Part of what an agent sends comes from user code, so an event
 * that does not state its type and number the way agents do is rejected.
 */
export const eventFramings: Record<EventForm, EventFraming> = {
  sse: { separator: Buffer.from('\n\n'), readLast: (whole) => lastOf(whole, '\n\n', readSse) },
  ndjson: { separator: Buffer.from('\n'), readLast: (whole) => lastOf(whole, '\n', readNdjson) },
};

type Read = (whole: Buffer, start: number, end: number) => LastEvent | 'keepalive' | 'unreadable';

function lastOf(
  whole: Buffer,
  separator: string,
  read: Read,
): LastEvent | 'unreadable' | undefined {
  for (let end = whole.length - separator.length; end > 0; ) {
    const at = whole.lastIndexOf(separator, end - 1);
    const event = read(whole, at === -1 ? 0 : at + separator.length, end);
    if (event !== 'keepalive') return event;
    end = at;
  }
  return undefined;
}

const headOf = (whole: Buffer, start: number, end: number): string =>
  whole.toString('latin1', start, Math.min(end, start + 160));

/** The type appears in its field and again at the start of the data. */
const sseHead = /^event: (\w{1,40})\n(?:id: ([1-9]\d{0,15})\n)?data: \{"type":"\1"/;

function readSse(whole: Buffer, start: number, end: number): ReturnType<Read> {
  if (whole[start] === 0x3a) return 'keepalive';
  const [, type, seq] = sseHead.exec(headOf(whole, start, end)) ?? [];
  return type === undefined ? 'unreadable' : eventOf(type, seq);
}

const ndjsonHead = /^\{"type":"(\w{1,40})"/;
/** `seq` is the last field before `at`; if it is anywhere else, the line has to be parsed. */
const seqAtEnd = /"seq":([1-9]\d{0,15}),"at":"[^"\\]*"\}$/;

function readNdjson(whole: Buffer, start: number, end: number): ReturnType<Read> {
  const [, type] = ndjsonHead.exec(headOf(whole, start, end)) ?? [];
  if (type === undefined) return 'unreadable';
  if (type === 'keepalive') return 'keepalive';
  const [, seq] = seqAtEnd.exec(whole.toString('latin1', Math.max(start, end - 80), end)) ?? [];
  return eventOf(type, seq ?? parseSeq(whole.toString('utf8', start, end), type));
}

function eventOf(type: string, digits: string | undefined): LastEvent | 'unreadable' {
  if (digits === undefined)
    return type === 'cut_off' ? { seq: undefined, isFinal: true } : 'unreadable';
  const seq = Number(digits);
  return Number.isSafeInteger(seq)
    ? { seq, isFinal: type === 'step_ended' || type === 'cut_off' }
    : 'unreadable';
}

const lineSchema = z.object({ type: z.string(), seq: z.int().min(1) });

/** Undefined if the line is not valid JSON, or if it contradicts its beginning. */
function parseSeq(line: string, type: string): string | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.data?.type === type ? String(parsed.data.seq) : undefined;
  } catch {
    return undefined;
  }
}
