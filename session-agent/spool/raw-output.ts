import { headerBytes, readRecords } from './record.ts';
import type { StepSpool } from './step-spool.ts';

type RawStream = 'stdout' | 'stderr';

/** What the spool holds of one stream at this moment. */
export interface RawOutput {
  bytes: number;
  droppedBytes: number;
  /**
   * Reads the bytes from `start` to before `end`.
   * @throws Error if the spool drops some of them meanwhile.
   */
  read(start: number, end: number): AsyncGenerator<Buffer, void>;
}

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
      let at = 0;
      for (const part of parts) {
        const wanted = at + part.bytes > start && at < end;
        if (wanted) {
          let piecesAt = at;
          for await (const piece of piecesOf(spool, part, stream)) {
            const from = Math.max(0, start - piecesAt);
            const to = Math.min(piece.length, end - piecesAt);
            piecesAt += piece.length;
            if (from < to) yield piece.subarray(from, to);
          }
        }
        at += part.bytes;
      }
    },
  };
}

async function* piecesOf(
  spool: StepSpool,
  { segment, lastSeq }: { segment: StepSpool['segments'][number]; lastSeq: number },
  stream: RawStream,
): AsyncGenerator<Buffer, void> {
  for (let offset = 0; ; ) {
    const chunk = await spool.read(segment, offset);
    if (chunk.length === 0) throw new Error('the spool dropped output while it was read');
    for (const { channel, seq, bytes } of readRecords(chunk)) {
      offset += headerBytes + bytes.length;
      if (channel === stream) yield bytes;
      if (seq >= lastSeq) return;
    }
  }
}
