import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { endMarker, markerPrefix, startMarker } from '../../../protocol/wire-format.ts';

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
      return withoutTurns(whole.subarray(from + start.length, to), nonce);
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

/** The output without the markers of turns. */
function withoutTurns(output: Buffer, nonce: string): string {
  const [first = '', ...parts] = output.toString('utf8').split(markerPrefix(nonce).toString());
  return first + parts.map((part) => part.slice(part.indexOf('\x1e') + 1)).join('');
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
