import type { Clock } from '@steppe/service-kit/process/clock';
import { MarkerScanner, type MarkerSink } from './marker-scanner.ts';
import type { RawOutput } from './runtime-transport.ts';

/**
 * One raw stream of a worker, split at the markers of its steps. It never stops reading, so that no
 * slow reader of a step's output can block the worker.
 */
export class RawStream {
  readonly #output: RawOutput;
  readonly #clock: Clock;
  readonly #scanner: MarkerScanner;
  #stepEnded: () => void = () => {};
  /** Every process that could write has exited, and all output has been read. */
  readonly #ended: Promise<void>;

  constructor(output: RawOutput, sink: Omit<MarkerSink, 'ended'>, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#scanner = new MarkerScanner({ ...sink, ended: () => this.#stepEnded() });
    output.bytes.on('data', (chunk: Buffer) => this.#scanner.push(chunk));
    output.bytes.on('error', () => output.bytes.destroy());
    this.#ended = new Promise((resolve) => {
      output.bytes.once('close', () => {
        this.#scanner.end();
        // No more markers can arrive.
        this.#stepEnded();
        resolve();
      });
    });
  }

  /** The worker has opened its end. */
  workerConnected(): void {
    this.#output.releaseWriteEnd();
  }

  /**
   * Expects the markers of the next step.
   * @returns a promise that resolves at the end marker, or at the end of the stream.
   */
  arm(nonce: string): Promise<void> {
    this.#scanner.arm(nonce);
    return new Promise((resolve) => {
      this.#stepEnded = resolve;
    });
  }

  /** Removes the FIFO, reads what is left in it for at most `limitMs`, and closes it. */
  async close(limitMs: number): Promise<void> {
    this.#output.releaseWriteEnd();
    // Before the rest is read: the next worker's FIFO may have the same name.
    this.#output.unlink();
    const cancel = this.#clock.after(limitMs, () => this.#output.bytes.destroy());
    await this.#ended;
    cancel();
  }
}
