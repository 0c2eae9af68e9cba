import type { Clock } from '@steppe/service-kit/process/clock';
import { MarkerScanner, type MarkerSink } from './marker-scanner.ts';
import type { RawOutput } from './runtime-transport.ts';

/** Reads of less than this follow small writes: a blocked writer fills a page at least. */
const smallBytes = 4096;
const quickMs = 3;
const maxQuickReads = 8;
/** A rest after which the FIFO was nearly full was too long: it blocks the worker. */
const muchBytes = 48 * 1024;
/** A rest after which this little had arrived may be twice as long. */
const littleBytes = 16 * 1024;
const shortestRestMs = 1;
const longestRestMs = 4;
/** After much, so few small reads show that a rest is worth it again. */
const quickReadsAfterMuch = maxQuickReads - 2;

/**
 * One raw stream of a worker, split at the markers of its steps. It stops reading for moments only,
 * so that no slow reader of a step's output can block the worker: many small reads in quick
 * succession would cost more than what they read.
 */
export class RawStream {
  readonly #output: RawOutput;
  readonly #clock: Clock;
  readonly #scanner: MarkerScanner;
  #stepEnded: () => void = () => {};
  #lastReadMs = 0;
  /** Small reads, each soon after the one before. */
  #quickReads = 0;
  /** How long it rests, by how much arrived during the last rest. */
  #restMs = longestRestMs;
  /** Set while it rests. */
  #cancelRest: (() => void) | undefined;
  /** Every process that could write has exited, and all output has been read. */
  readonly #ended: Promise<void>;

  constructor(output: RawOutput, sink: Omit<MarkerSink, 'ended'>, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#scanner = new MarkerScanner({ ...sink, ended: () => this.#stepEnded() });
    this.#ended = new Promise((resolve) => {
      const onClosed = () => {
        this.#cancelRest?.();
        this.#scanner.end();
        // No more markers can arrive.
        this.#stepEnded();
        resolve();
      };
      output.read((bytes) => this.#take(bytes), onClosed);
    });
  }

  /** The end marker that it expects has not arrived yet. */
  get isInStep(): boolean {
    return this.#scanner.isArmed;
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
    this.wake();
    return new Promise((resolve) => {
      this.#stepEnded = resolve;
    });
  }

  /** Removes the FIFO, reads what is left in it for at most `limitMs`, and closes it. */
  async close(limitMs: number): Promise<void> {
    this.#output.releaseWriteEnd();
    // Before the rest is read: the next worker's FIFO may have the same name.
    this.#output.unlink();
    this.wake();
    const cancel = this.#clock.after(limitMs, () => this.#output.destroy());
    await this.#ended;
    cancel();
  }

  /** Reads on at once. */
  wake(): void {
    this.#quickReads = 0;
    this.#endRest();
  }

  #endRest(): void {
    if (!this.#cancelRest) return;
    this.#cancelRest();
    this.#cancelRest = undefined;
    this.#lastReadMs = this.#clock.monotonicMs();
    this.#output.resume();
  }

  /** @returns false if it rests. */
  #take(bytes: Buffer): boolean {
    this.#scanner.push(bytes);
    const now = this.#clock.monotonicMs();
    const isQuick = now - this.#lastReadMs < quickMs;
    this.#lastReadMs = now;
    if (this.#quickReads >= maxQuickReads) this.#restMs = nextRestMs(this.#restMs, bytes.length);
    if (bytes.length >= muchBytes)
      this.#quickReads = Math.min(this.#quickReads, quickReadsAfterMuch);
    else if (bytes.length < smallBytes) this.#quickReads = isQuick ? this.#quickReads + 1 : 0;
    if (this.#quickReads < maxQuickReads) return true;
    this.#cancelRest = this.#clock.after(this.#restMs, () => this.#endRest());
    return false;
  }
}

/** @param arrivedBytes during a rest of `ms`. */
function nextRestMs(ms: number, arrivedBytes: number): number {
  if (arrivedBytes >= muchBytes) return Math.max(shortestRestMs, ms / 2);
  return arrivedBytes < littleBytes ? Math.min(longestRestMs, 2 * ms) : ms;
}
