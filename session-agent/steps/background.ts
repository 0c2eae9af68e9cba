import { StringDecoder } from 'node:string_decoder';
import { limits } from '@steppe/contracts/limits';
import type { OutputStream } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { BackgroundSink } from '../interpreter/step-interpreter.ts';
import type { Step } from './step.ts';

type Kept = { stream: OutputStream; text: string } | { error: StepError };

const pieceLength = 4096;
/** Does not split a character. */
const pieces = new RegExp(`.{1,${pieceLength}}`, 'gsu');

const sizeOf = (kept: Kept): number => JSON.stringify(kept).length;

/**
 * Output of threads, timers and child processes of earlier steps. The running step gets it
 * immediately; between steps it is kept for the next one.
 */
export class BackgroundOutput implements BackgroundSink {
  readonly #decoders: Record<OutputStream, StringDecoder> = {
    stdout: new StringDecoder('utf8'),
    stderr: new StringDecoder('utf8'),
  };
  #kept: Kept[] = [];
  #keptBytes = 0;
  #step: Step | undefined;
  #bytesInStep = 0;

  bytes(stream: OutputStream, bytes: Buffer): void {
    const text = this.#decoders[stream].write(bytes);
    if (text) this.text(stream, text);
  }

  text(stream: OutputStream, text: string): void {
    // Output is dropped in pieces, so that one large write is not dropped as a whole.
    for (const [piece] of text.matchAll(pieces)) this.#take({ stream, text: piece });
  }

  error(error: StepError): void {
    this.#take({ error });
  }

  /** Gives the step the output that was kept, and what arrives until `detach`. */
  attach(step: Step): void {
    this.#step = step;
    this.#bytesInStep = 0;
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const item of kept) this.#take(item);
  }

  detach(): void {
    this.#step = undefined;
  }

  #take(item: Kept): void {
    const size = sizeOf(item);
    if (this.#step) {
      this.#bytesInStep += size;
      if (this.#bytesInStep > limits.backgroundBytes) return;
      if ('error' in item) this.#step.backgroundError(item.error);
      else this.#step.background(item.stream, item.text);
      return;
    }
    this.#keep(item, size);
    // The newest output is the most useful.
    while (this.#keptBytes > limits.backgroundBytes) {
      const oldest = this.#kept.shift();
      if (!oldest) return;
      this.#keptBytes -= sizeOf(oldest);
    }
  }

  /** Joins small writes, so that the limit is spent on text. */
  #keep(item: Kept, size: number): void {
    const last = this.#kept.at(-1);
    const isMore = last && 'text' in last && 'text' in item && last.stream === item.stream;
    if (isMore && last.text.length + item.text.length <= pieceLength) {
      last.text += item.text;
      this.#keptBytes += JSON.stringify(item.text).length - 2;
    } else {
      this.#kept.push(item);
      this.#keptBytes += size;
    }
  }
}
