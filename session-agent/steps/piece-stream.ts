import type { OutputStream } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { emptyBuffer } from '../empty-buffer.ts';
import { maxPieceBytes } from '../spool/step-spool.ts';
import { incompleteEnd } from './output-window.ts';

export const coalesceMs = 5;

const firstBufferBytes = 1024;

/**
 * One output stream: bytes in, pieces of whole characters out. Small writes within a few
 * milliseconds become one piece. It copies what it holds, and a piece is valid until `emit`
 * returns.
 */
class PieceStream {
  readonly #emit: (piece: Buffer) => void;
  readonly #clock: Clock;
  #buffer = emptyBuffer;
  #pendingBytes = 0;
  #cancelFlush: (() => void) | undefined;

  constructor(clock: Clock, emit: (piece: Buffer) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  push(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; ) {
      const part = bytes.subarray(start, start + maxPieceBytes - this.#pendingBytes);
      this.#append(part);
      start += part.length;
      if (this.#pendingBytes === maxPieceBytes) this.flush();
    }
    if (this.#pendingBytes > 0) this.#cancelFlush ??= this.#clock.after(coalesceMs, this.flush);
  }

  /** Emits what waits for more output, except the beginning of a character. */
  flush = (): void => {
    if (!this.#cancelFlush && this.#pendingBytes < maxPieceBytes) return;
    this.#stopTimer();
    const all = this.#buffer.subarray(0, this.#pendingBytes);
    // Only the very last bytes of invalid output can be this short.
    const whole = all.length - incompleteEnd(all);
    this.#pendingBytes -= whole;
    if (whole === 0) return;
    this.#emit(all.subarray(0, whole));
    this.#buffer.copyWithin(0, whole, all.length);
  };

  /** Emits everything, and takes no more memory. */
  end(): void {
    this.#stopTimer();
    const all = this.#buffer.subarray(0, this.#pendingBytes);
    this.#buffer = emptyBuffer;
    this.#pendingBytes = 0;
    if (all.length > 0) this.#emit(all);
  }

  #append(bytes: Buffer): void {
    const needed = this.#pendingBytes + bytes.length;
    if (needed > this.#buffer.length) {
      const room = Math.max(needed, firstBufferBytes, 2 * this.#buffer.length);
      const larger = Buffer.allocUnsafeSlow(Math.min(room, maxPieceBytes));
      this.#buffer.copy(larger, 0, 0, this.#pendingBytes);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#pendingBytes);
    this.#pendingBytes = needed;
  }

  #stopTimer(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
  }
}

/** Stdout and stderr. What is written to one of them stays before what the other gets later. */
export class PieceStreams {
  readonly #streams: Record<OutputStream, PieceStream>;

  constructor(clock: Clock, emit: (stream: OutputStream, piece: Buffer) => void) {
    const open = (stream: OutputStream) => new PieceStream(clock, (piece) => emit(stream, piece));
    this.#streams = { stdout: open('stdout'), stderr: open('stderr') };
  }

  push(stream: OutputStream, bytes: Buffer): void {
    this.#streams[stream === 'stdout' ? 'stderr' : 'stdout'].flush();
    this.#streams[stream].push(bytes);
  }

  /** Emits what waits for more output, except the beginnings of characters. */
  flush(): void {
    for (const stream of Object.values(this.#streams)) stream.flush();
  }

  /** Emits everything. */
  end(): void {
    for (const stream of Object.values(this.#streams)) stream.end();
  }
}
