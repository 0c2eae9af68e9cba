import { headerBytes, readRecords } from './record.ts';
import { readBytes, type StepSpool } from './step-spool.ts';

type RawStream = 'stdout' | 'stderr';

/** What the spool holds of one stream at this moment. */
export interface RawOutput {
  bytes: number;
  droppedBytes: number;
  /**
   * Reads the bytes from `start` to before `end`, some pieces at a time. They are valid until the
   * next ones are requested.
   * @throws Error if the spool drops some of them meanwhile.
   */
  read(start: number, end: number): AsyncGenerator<Buffer[], void>;
}

/** Of one reader. A read of less would cost more than the bytes themselves. */
const roomBytes = 4 * readBytes;

export function rawOutput(spool: StepSpool, stream: RawStream): RawOutput {
  const parts = spool.segments.map((segment) => ({
    segment,
    lastSeq: segment.lastSeq,
    bytes: segment.end[stream] - segment.start[stream],
  }));
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return {
    bytes,
    droppedBytes: spool.lost[stream],
    async *read(start, end) {
      const room = Buffer.allocUnsafeSlow(roomBytes);
      let partAt = 0;
      for (const part of parts) {
        let at = partAt;
        partAt += part.bytes;
        if (partAt <= start || at >= end) continue;
        for await (const pieces of piecesOf(spool, part, stream, room)) {
          const wanted = pieces.map((piece) => {
            const from = Math.max(0, start - at);
            const to = Math.max(from, end - at);
            at += piece.length;
            return piece.subarray(from, to);
          });
          yield wanted.filter(({ length }) => length > 0);
        }
      }
    },
  };
}

async function* piecesOf(
  spool: StepSpool,
  { segment, lastSeq }: { segment: StepSpool['segments'][number]; lastSeq: number },
  stream: RawStream,
  room: Buffer,
): AsyncGenerator<Buffer[], void> {
  for (let offset = 0, isLast = false; !isLast; ) {
    const chunk = await spool.read(segment, offset, room);
    if (chunk.length === 0) throw new Error('the spool dropped output while it was read');
    const pieces: Buffer[] = [];
    for (const { channel, seq, bytes } of readRecords(chunk)) {
      if (isLast) break;
      offset += headerBytes + bytes.length;
      if (channel === stream) pieces.push(bytes);
      isLast = seq >= lastSeq;
    }
    yield pieces;
  }
}
