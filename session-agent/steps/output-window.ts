import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '@steppe/service-kit/process/clock';
import { TailBuffer } from '../tail-buffer.ts';

/** Space for the sentence that says how much was dropped. */
const noticeBytes = 64;
/** The cost of an event besides its text, so that a million tiny writes are bounded too. */
const eventBytes = 160;
export const coalesceMs = 3;
const largestPieceBytes = 32 * 1024;

/**
 * One output stream of a step: bytes in, pieces of text out. Small writes within a few milliseconds
 * become one piece. The first half of the limit is emitted at once. Of the output after that, the
 * last half of the limit is kept and emitted at the end, after a sentence with the number of bytes
 * that were dropped between them.
 */
export class OutputWindow {
  readonly #emit: (text: string) => void;
  readonly #clock: Clock;
  readonly #decoder = new StringDecoder('utf8');
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #cancelFlush: (() => void) | undefined;
  #headLeft: number;
  readonly #tail: TailBuffer;

  constructor(maxBytes: number, clock: Clock, emit: (text: string) => void) {
    this.#emit = emit;
    this.#clock = clock;
    this.#headLeft = Math.floor(maxBytes / 2);
    this.#tail = new TailBuffer(Math.max(0, Math.floor(maxBytes / 2) - noticeBytes));
  }

  get droppedBytes(): number {
    return this.#tail.droppedBytes;
  }

  push(bytes: Buffer): void {
    const passed = Math.min(bytes.length, this.#headLeft);
    if (passed > 0) {
      this.#headLeft -= passed;
      this.#pending.push(bytes.subarray(0, passed));
      this.#pendingBytes += passed;
      if (this.#pendingBytes >= largestPieceBytes) this.flush();
      else this.#cancelFlush ??= this.#clock.after(coalesceMs, () => this.flush());
    }
    if (passed < bytes.length) this.#tail.push(bytes.subarray(passed));
  }

  /** Emits what waits for more output. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#pendingBytes === 0) return;
    const text = this.#decoder.write(Buffer.concat(this.#pending));
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#headLeft = Math.max(0, this.#headLeft - eventBytes);
    if (text) this.#emit(text);
  }

  end(): void {
    this.flush();
    const tail = this.#tail.take();
    if (this.droppedBytes === 0) {
      const text = this.#decoder.write(tail) + this.#decoder.end();
      if (text) this.#emit(text);
      return;
    }
    this.#emit(
      `\n[… ${this.droppedBytes} bytes dropped …]\n${tail.subarray(firstCharacter(tail)).toString('utf8')}`,
    );
  }
}

/** The start of the first whole character: a character has at most three continuation bytes. */
function firstCharacter(bytes: Buffer): number {
  for (let at = 0; at < 4; at += 1) {
    const byte = bytes[at];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return at;
  }
  return 0;
}
