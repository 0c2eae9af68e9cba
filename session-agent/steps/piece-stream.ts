import type { OutputStream } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { maxPieceBytes } from '../spool/step-spool.ts';
import { incompleteEnd } from './output-window.ts';

export const coalesceMs = 3;

/**
 * One output stream: bytes in, pieces of whole characters out. Small writes within a few
 * milliseconds become one piece.
 */
class PieceStream {
  readonly #emit: (piece: Buffer) => void;
  readonly #clock: Clock;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #cancelFlush: (() => void) | undefined;

  constructor(clock: Clock, emit: (piece: Buffer) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  push(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= maxPieceBytes) this.flush();
    else this.#cancelFlush ??= this.#clock.after(coalesceMs, () => this.flush());
  }

  /** Emits what waits for more output, except the beginning of a character. */
  flush(): void {
    if (!this.#cancelFlush && this.#pendingBytes < maxPieceBytes) return;
    const all = this.#take();
    // Only the very last bytes of invalid output can be this short.
    const whole = all.length - incompleteEnd(all);
    if (whole < all.length) {
      // A copy, because the buffer may be large.
      this.#pending = [Buffer.from(all.subarray(whole))];
      this.#pendingBytes = all.length - whole;
    }
    if (whole > 0) this.#emit(all.subarray(0, whole));
  }

  /** Emits everything. */
  end(): void {
    const all = this.#take();
    if (all.length > 0) this.#emit(all);
  }

  #take(): Buffer {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const [only, ...more] = this.#pending;
    const all = more.length === 0 ? (only ?? Buffer.alloc(0)) : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return all;
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
