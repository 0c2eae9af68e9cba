import { type Kernel, type ScheduledEvent, type SimulatedProcess, startMs } from './kernel.ts';

let active: Kernel | undefined;

/** The kernel that drives the globals from now on. */
export function activate(kernel: Kernel): void {
  active = kernel;
}

const kernel = (): Kernel => {
  if (!active) throw new Error('no simulation has started');
  return active;
};

/**
 * Replaces the timers, the time and the randomness that libraries take from the globals, for the
 * rest of this process's life. Must be called before anything of the product is loaded.
 */
export function installSimulatedGlobals(): void {
  const start =
    (kind: string, repeats: boolean) =>
    (act: (...args: unknown[]) => void, ms?: unknown, ...args: unknown[]) =>
      new Timer({ kind, ms: toDelay(ms), repeats, act: () => act(...args) });
  const clear = (timer: unknown) => {
    if (timer instanceof Timer) timer.close();
  };
  Object.assign(globalThis, {
    setTimeout: start('timeout', false),
    setInterval: start('interval', true),
    setImmediate: (act: (...args: unknown[]) => void, ...args: unknown[]) =>
      new Timer({ kind: 'immediate', ms: 0, repeats: false, act: () => act(...args) }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    Date: SimulatedDate,
  });
  performance.now = () => active?.elapsedMs ?? 0;
  Math.random = () => kernel().globalRandom.next();
}

/** As Node does. */
const toDelay = (ms: unknown): number => Math.max(1, Math.trunc(Number(ms)) || 1);

const RealDate = Date;

class SimulatedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(SimulatedDate.now());
    else super(...(args as [number]));
  }

  static override now(): number {
    return Math.floor(active?.nowMs ?? startMs);
  }
}

/** Unix times with fractions are rounded to less than this. */
const roundingMs = 0.01;

interface TimerOptions {
  kind: string;
  ms: number;
  repeats: boolean;
  act: () => void;
}

/** Node's Timeout, in virtual time. It belongs to the process that started it. */
class Timer {
  readonly #options: TimerOptions;
  readonly #kernel = kernel();
  readonly #process: SimulatedProcess = this.#kernel.current;
  #event: ScheduledEvent | undefined;
  #dueMs = 0;
  #isClosed = false;

  constructor(options: TimerOptions) {
    this.#options = options;
    this.#start();
  }

  #start(): void {
    this.#dueMs = this.#kernel.nowMs + this.#options.ms;
    this.#schedule();
  }

  #schedule(): void {
    const leftMs = this.#dueMs - this.#kernel.nowMs;
    this.#event = this.#kernel.schedule(leftMs, this.#process, this.#options.kind, this.#onDue);
  }

  readonly #onDue = (): void => {
    this.#event = undefined;
    // It was refreshed in the meantime, which happens far more often than that it fires.
    const isEarly = this.#dueMs - this.#kernel.nowMs > roundingMs;
    if (isEarly) this.#schedule();
    else if (this.#options.repeats) this.#start();
    if (!isEarly) this.#options.act();
  };

  refresh(): this {
    this.#dueMs = this.#kernel.nowMs + this.#options.ms;
    if (!this.#event && !this.#isClosed) this.#schedule();
    return this;
  }

  close(): this {
    this.#isClosed = true;
    this.#event?.cancel();
    this.#event = undefined;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
