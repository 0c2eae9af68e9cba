import { endMarker, startMarker } from './wire-format.ts';

/** Whether bytes belong to the running step, or to something that earlier steps left running. */
export type Place = 'step' | 'background';

export interface MarkerSink {
  bytes(place: Place, bytes: Buffer): void;
  /** The end marker of the armed step has arrived. */
  ended(): void;
}

const markerByte = 0x1e;

/**
 * Splits one raw stream at the markers of its steps. Bytes are passed on immediately; only a tail
 * that could be the beginning of the expected marker is held until more arrives.
 */
export class MarkerScanner {
  #sink: MarkerSink;
  #place: Place = 'background';
  #awaited: Buffer[] = [];
  #held: Buffer = Buffer.alloc(0);

  constructor(sink: MarkerSink) {
    this.#sink = sink;
  }

  /** Expects the markers with this nonce; called before `run` is sent. */
  arm(nonce: string): void {
    this.#place = 'background';
    this.#awaited = [startMarker(nonce), endMarker(nonce)];
  }

  push(chunk: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    for (let marker = this.#awaited[0]; marker; marker = this.#awaited[0]) {
      const at = rest.indexOf(marker);
      if (at === -1) {
        const kept = heldBack(rest, marker);
        this.#emit(rest.subarray(0, rest.length - kept));
        this.#held = rest.subarray(rest.length - kept);
        return;
      }
      this.#emit(rest.subarray(0, at));
      rest = rest.subarray(at + marker.length);
      this.#pass();
    }
    this.#held = Buffer.alloc(0);
    this.#emit(rest);
  }

  /** The stream has ended: the bytes that were held are not a marker. */
  end(): void {
    this.#emit(this.#held);
    this.#held = Buffer.alloc(0);
  }

  #pass(): void {
    this.#awaited.shift();
    const ended = this.#place === 'step';
    this.#place = ended ? 'background' : 'step';
    if (ended) this.#sink.ended();
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > 0) this.#sink.bytes(this.#place, bytes);
  }
}

/** How many bytes at the end of `bytes` are a proper prefix of `marker`. */
function heldBack(bytes: Buffer, marker: Buffer): number {
  const from = Math.max(0, bytes.length - marker.length + 1);
  // The marker byte also ends a marker, so the first position at which the rest matches is the
  // right one.
  for (
    let at = bytes.indexOf(markerByte, from);
    at !== -1;
    at = bytes.indexOf(markerByte, at + 1)
  ) {
    const length = bytes.length - at;
    if (bytes.subarray(at).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
