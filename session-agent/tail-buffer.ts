import { emptyBuffer } from './empty-buffer.ts';

/** The last bytes of a stream, in a ring: a write costs only its own length. */
export class TailBuffer {
  readonly #maxBytes: number;
  /** Grows up to the limit, so that a short tail takes little memory. */
  #ring = emptyBuffer;
  /** The position of the oldest byte. */
  #start = 0;
  #size = 0;
  droppedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Buffer): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#maxBytes));
    this.#makeRoom(kept.length);
    const excess = Math.max(0, this.#size + kept.length - this.#ring.length);
    this.droppedBytes += excess + bytes.length - kept.length;
    if (kept.length === 0) return;
    const end = (this.#start + this.#size) % this.#ring.length;
    const before = kept.copy(this.#ring, end);
    kept.copy(this.#ring, 0, before);
    this.#start = (this.#start + excess) % this.#ring.length;
    this.#size += kept.length - excess;
  }

  /** The memory that it takes. */
  get memoryBytes(): number {
    return this.#ring.length;
  }

  /** @returns the kept bytes, which the next `push` may change. */
  peek(): Buffer {
    const first = this.#ring.subarray(this.#start, this.#start + this.#size);
    if (first.length === this.#size) return first;
    return Buffer.concat([first, this.#ring.subarray(0, this.#size - first.length)]);
  }

  /** @returns the kept bytes, and drops them. */
  take(): Buffer {
    const kept = this.peek();
    this.#ring = emptyBuffer;
    this.#start = 0;
    this.#size = 0;
    return kept;
  }

  #makeRoom(length: number): void {
    const needed = Math.min(this.#maxBytes, this.#size + length);
    if (needed <= this.#ring.length) return;
    const larger = Buffer.allocUnsafeSlow(
      Math.min(this.#maxBytes, Math.max(needed, 2 * this.#ring.length)),
    );
    this.peek().copy(larger);
    this.#ring = larger;
    this.#start = 0;
  }
}
