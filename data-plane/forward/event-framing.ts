export type EventForm = 'sse' | 'ndjson';

interface LastEvent {
  /** Undefined for the word that cuts a reader off, which has none. */
  seq: number | undefined;
  /** Nothing comes after it. */
  isFinal: boolean;
}

interface EventFraming {
  separator: Buffer;
  /** The last of whole events; undefined where they are all keepalives. */
  readLast(whole: Buffer): LastEvent | undefined;
}

/** As little of the framing as tells where events end and which the last one is: JSON escapes line ends, so no text has one. */
export const eventFramings: Record<EventForm, EventFraming> = {
  sse: { separator: Buffer.from('\n\n'), readLast: (whole) => lastOf(whole, '\n\n', readSse) },
  ndjson: { separator: Buffer.from('\n'), readLast: (whole) => lastOf(whole, '\n', readNdjson) },
};

type Read = (whole: Buffer, start: number, end: number) => LastEvent | 'keepalive' | undefined;

function lastOf(whole: Buffer, separator: string, read: Read): LastEvent | undefined {
  for (let end = whole.length - separator.length; end > 0; ) {
    const at = whole.lastIndexOf(separator, end - 1);
    const event = read(whole, at === -1 ? 0 : at + separator.length, end);
    if (event !== 'keepalive') return event;
    end = at;
  }
  return undefined;
}

const headOf = (whole: Buffer, start: number, end: number): string => whole.toString('latin1', start, Math.min(end, start + 80));

function readSse(whole: Buffer, start: number, end: number): ReturnType<Read> {
  if (whole[start] === 0x3a) return 'keepalive';
  const [, type, seq] = /^event: (\w+)\n(?:id: (\d+)\n)?data: /.exec(headOf(whole, start, end)) ?? [];
  if (type === undefined) return undefined;
  return { seq: seq === undefined ? undefined : Number(seq), isFinal: isFinal(type) };
}

/** `seq` is the last field but `at`; anywhere else the line has to be parsed. */
const seqAtEnd = /"seq":(\d+),"at":"[^"\\]*"\}$/;

function readNdjson(whole: Buffer, start: number, end: number): ReturnType<Read> {
  const [, type] = /^\{"type":"(\w+)"/.exec(headOf(whole, start, end)) ?? [];
  if (type === undefined) return undefined;
  if (type === 'keepalive') return 'keepalive';
  const [, seq] = seqAtEnd.exec(whole.toString('latin1', Math.max(start, end - 80), end)) ?? [];
  return { seq: seq === undefined ? parseSeq(whole.toString('utf8', start, end)) : Number(seq), isFinal: isFinal(type) };
}

function parseSeq(line: string): number | undefined {
  const { seq } = JSON.parse(line);
  return typeof seq === 'number' ? seq : undefined;
}

const isFinal = (type: string): boolean => type === 'step_ended' || type === 'cut_off';
