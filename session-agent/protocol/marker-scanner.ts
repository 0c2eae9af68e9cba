import { emptyBuffer } from '../empty-buffer.ts';
import { markerByte, markerPrefix } from './wire-format.ts';

/** Whether bytes belong to the running step, or to something that earlier steps left running. */
export type Place = 'step' | 'background';

export interface MarkerSink {
  bytes(place: Place, bytes: Buffer): void;
  /** A turn of the step: `shown` displays precede it. */
  turned(turn: number, shown: number): void;
  /** The end marker of the armed step has arrived. */
  ended(): void;
}

/** Two numbers of nine digits, and the comma. */
const longestName = 19;
const turnName = /^([0-9]{1,9}),([0-9]{1,9})$/;

/**
 * Splits one raw stream at the markers of its steps. Bytes are passed on immediately; only a tail
 * that could be the beginning of a marker is held until more arrives. The sink must copy what it
 * keeps.
 */
export class MarkerScanner {
  #sink: MarkerSink;
  #place: Place = 'background';
  /** What the markers of the armed step begin with, until its end marker. */
  #prefix: Buffer | undefined;
  #held = emptyBuffer;

  constructor(sink: MarkerSink) {
    this.#sink = sink;
  }

  get isArmed(): boolean {
    return this.#prefix !== undefined;
  }

  /** Expects the markers with this nonce; called before `run` is sent. */
  arm(nonce: string): void {
    this.#place = 'background';
    this.#prefix = markerPrefix(nonce);
  }

  push(chunk: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = emptyBuffer;
    for (let prefix = this.#prefix; prefix; prefix = this.#prefix) {
      const at = rest.indexOf(prefix);
      const nameAt = at + prefix.length;
      const nameBytes =
        at === -1 ? 0 : rest.subarray(nameAt, nameAt + longestName + 1).indexOf(markerByte);
      const isCut = at === -1 || (nameBytes === -1 && rest.length - nameAt <= longestName);
      if (isCut) {
        const whole = at === -1 ? rest.length - heldBack(rest, prefix) : at;
        this.#emit(rest.subarray(0, whole));
        if (whole < rest.length) this.#held = Buffer.from(rest.subarray(whole));
        return;
      }
      const name = rest.toString('latin1', nameAt, nameAt + Math.max(0, nameBytes));
      const known = this.#known(name);
      this.#emit(rest.subarray(0, known ? at : nameAt));
      rest = rest.subarray(known ? nameAt + nameBytes + 1 : nameAt);
      known?.();
    }
    this.#emit(rest);
  }

  /** The stream has ended: the bytes that were held are not a marker. */
  end(): void {
    this.#emit(this.#held);
    this.#held = emptyBuffer;
  }

  /** @returns what a marker means, if one with this name can come now. */
  #known(name: string): (() => void) | undefined {
    if (this.#place === 'background') return name === 'start' ? () => this.#start() : undefined;
    if (name === 'end') return () => this.#end();
    const numbers = turnName.exec(name);
    return numbers ? () => this.#sink.turned(Number(numbers[1]), Number(numbers[2])) : undefined;
  }

  #start(): void {
    this.#place = 'step';
  }

  #end(): void {
    this.#prefix = undefined;
    this.#place = 'background';
    this.#sink.ended();
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
