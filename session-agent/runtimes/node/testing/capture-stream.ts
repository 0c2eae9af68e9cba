import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { endMarker, startMarker } from '../../../protocol/wire-format.ts';

/** One FIFO as the agent reads it: what stands between the markers of a step, and what does not. */
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

  /** Looks at each new piece once, with as much before it as a marker may reach back. */
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
  /** What has come and belongs to no step that was requested. */
  all(): Buffer;
  releaseWriter(): void;
  destroy(): void;
  ended: Promise<void>;
  until(text: string): Promise<void>;
  /** Waits for the step's end marker, and takes what it wrote. */
  step(nonce: string): Promise<string>;
};
