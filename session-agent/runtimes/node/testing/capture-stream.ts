import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { endMarker, startMarker } from '../../../protocol/wire-format.ts';

/** Reads one FIFO as the agent does: the output between the markers of a step, and the rest. */
export function captureStream(path: string): CapturedStream {
  const reader = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    writable: false,
  });
  // Without a writer the reader would see an early end.
  const keepOpen = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  let pieces: Buffer[] = [];
  let onData = (_chunk: Buffer): void => undefined;
  reader.on('data', (chunk: Buffer) => {
    pieces.push(chunk);
    onData(chunk);
  });
  const all = (): Buffer => {
    const whole = Buffer.concat(pieces);
    pieces = [whole];
    return whole;
  };
  return {
    all,
    releaseWriter: () => closeSync(keepOpen),
    destroy: () => reader.destroy(),
    ended: new Promise((resolve) => reader.on('close', () => resolve())),
    until: async (text) => {
      if (!all().includes(text)) await arrival(Buffer.from(text));
    },
    async step(nonce) {
      const [start, end] = [startMarker(nonce), endMarker(nonce)];
      if (!all().includes(end)) await arrival(end);
      const whole = all();
      const [from, to] = [whole.indexOf(start), whole.indexOf(end)];
      pieces = [whole.subarray(0, from), whole.subarray(to + end.length)];
      return whole.toString('utf8', from + start.length, to);
    },
  };

  /** Searches each new piece once, together with the bytes before it where a marker may start. */
  function arrival(marker: Buffer): Promise<void> {
    let tail = all().subarray(-marker.length);
    return new Promise((resolve) => {
      onData = (chunk) => {
        tail = Buffer.concat([tail, chunk]);
        if (tail.includes(marker)) resolve();
        tail = tail.subarray(-marker.length);
      };
    });
  }
}

export type CapturedStream = {
  /** The output that belongs to no step that was read. */
  all(): Buffer;
  releaseWriter(): void;
  destroy(): void;
  ended: Promise<void>;
  until(text: string): Promise<void>;
  /** Waits for the step's end marker, and removes and returns the step's output. */
  step(nonce: string): Promise<string>;
};
