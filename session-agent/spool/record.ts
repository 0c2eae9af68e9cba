/** What a record holds: a stream of the step itself, or of what earlier steps left running. */
export const channels = ['stdout', 'stderr', 'background_stdout', 'background_stderr'] as const;
export type Channel = (typeof channels)[number];

/** Bytes of each channel, counted from the step's start. */
export type Totals = Record<Channel, number>;

export const noBytes = (): Totals => ({
  stdout: 0,
  stderr: 0,
  background_stdout: 0,
  background_stderr: 0,
});

/** One piece of output, which is one event. */
export interface SpoolRecord {
  channel: Channel;
  seq: number;
  atMs: number;
  bytes: Buffer;
}

/** u32 length, u32 channel, f64 seq, f64 time; the bytes follow. */
export const headerBytes = 24;

export function writeHeader(
  into: Buffer,
  at: number,
  { channel, seq, atMs, bytes }: SpoolRecord,
): void {
  into.writeUInt32LE(bytes.length, at);
  into.writeUInt32LE(channels.indexOf(channel), at + 4);
  into.writeDoubleLE(seq, at + 8);
  into.writeDoubleLE(atMs, at + 16);
}

/** Yields the records that `chunk` holds whole; their bytes are views of it. */
export function* readRecords(chunk: Buffer): Generator<SpoolRecord, void> {
  for (let at = 0; at + headerBytes <= chunk.length; ) {
    const end = at + headerBytes + chunk.readUInt32LE(at);
    const channel = channels[chunk.readUInt32LE(at + 4)];
    if (end > chunk.length || channel === undefined) return;
    yield {
      channel,
      seq: chunk.readDoubleLE(at + 8),
      atMs: chunk.readDoubleLE(at + 16),
      bytes: chunk.subarray(at + headerBytes, end),
    };
    at = end;
  }
}
