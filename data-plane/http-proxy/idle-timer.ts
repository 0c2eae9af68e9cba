import type { Clock } from '@steppe/service-kit/process/clock';

interface IdleTimerOptions {
  clock: Clock;
  limitMs: number;
  /** True while the other side is not at fault: the limit then starts again. */
  isPaused: () => boolean;
  onIdle: () => void;
}

/**
 * An idle timeout instead of a total one: a response may take an hour as long as data keeps
 * arriving. A reset only records the time, because it happens for each chunk.
 */
export class IdleTimer {
  readonly #options: IdleTimerOptions;
  #cancel: (() => void) | undefined;
  #lastByteAtMs = 0;

  constructor(options: IdleTimerOptions) {
    this.#options = options;
  }

  /** From this call on, the other side must send a byte within the limit. */
  start(): void {
    if (this.#cancel) return;
    this.reset();
    this.#checkAfter(this.#options.limitMs);
  }

  /** A byte arrived. */
  reset(): void {
    this.#lastByteAtMs = this.#options.clock.monotonicMs();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #checkAfter(ms: number): void {
    this.#cancel = this.#options.clock.after(ms, () => this.#check());
  }

  #check(): void {
    const { clock, limitMs, isPaused, onIdle } = this.#options;
    const leftMs = this.#lastByteAtMs + limitMs - clock.monotonicMs();
    if (leftMs > 0) this.#checkAfter(Math.ceil(leftMs));
    else if (isPaused()) this.#checkAfter(limitMs);
    else onIdle();
  }
}
