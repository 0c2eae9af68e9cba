import TinyQueue from 'tinyqueue';
import { createRandomStream, type RandomStream } from './random-stream.ts';

/** The Unix time at which every simulation starts. */
export const startMs = 1_800_000_000_000;

/** The machine's own, whatever replaces the global. */
export const realImmediate = setImmediate;

/** What a kill takes with it: timers, sockets and calls of ports belong to a process. */
export interface SimulatedProcess {
  readonly name: string;
  readonly isAlive: boolean;
  /** Called when it is killed, in the order of registration. @returns a function that removes it. */
  onKill(act: () => void): () => void;
}

export interface ScheduledEvent {
  readonly atMs: number;
  /** Harmless after the event. */
  cancel(): void;
}

interface Event extends ScheduledEvent {
  atMs: number;
  readonly sequence: number;
  readonly process: Process;
  readonly what: string;
  act: (() => void) | undefined;
}

export interface KernelOptions {
  seed: number;
  /** Gets every line of the trace. */
  onTrace?: ((line: string) => void) | undefined;
}

export type RunEnd = 'stopped' | 'idle' | 'time limit';

/**
 * One heap of macrotasks in virtual time. Between two events the real event loop lets ticks and
 * microtasks run dry; their order follows from what was before, so only macrotasks are scheduled.
 * Nothing of a dead process runs.
 */
export class Kernel {
  readonly seed: number;
  /** The process outside of the product: models, faults and the end of the simulation. */
  readonly world: SimulatedProcess;
  /** What `Math.random` draws from. */
  readonly globalRandom: RandomStream;
  readonly #processes = new Set<Process>();
  readonly #queue = new TinyQueue<Event>([], byTime);
  readonly #onTrace: ((line: string) => void) | undefined;
  #current: Process;
  #nowMs = startMs;
  #sequence = 0;
  #events = 0;
  #isStopped = false;
  #hash: [number, number] = [0x811c9dc5, 0x01234567];

  constructor({ seed, onTrace }: KernelOptions) {
    this.seed = seed;
    this.#onTrace = onTrace;
    this.#current = new Process('world');
    this.world = this.#current;
    this.globalRandom = this.random('globals');
  }

  /** Milliseconds of Unix time, with fractions. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get elapsedMs(): number {
    return this.#nowMs - startMs;
  }

  /** The process whose event runs. */
  get current(): SimulatedProcess {
    return this.#current;
  }

  get events(): number {
    return this.#events;
  }

  /** Equal for two runs if they agree in every event. */
  get hash(): string {
    return this.#hash.map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }

  get isTraced(): boolean {
    return this.#onTrace !== undefined;
  }

  /** The same stream for the same seed and purpose, from its beginning. */
  random(purpose: string): RandomStream {
    return createRandomStream(this.seed, purpose);
  }

  createProcess(name: string): SimulatedProcess {
    const process = new Process(name);
    this.#processes.add(process);
    return process;
  }

  /** Ends the simulation: what its processes hold of the machine is released. */
  killAll(): void {
    for (const process of this.#processes) this.kill(process);
  }

  /** As `kill -9`: after the microtasks that run now, nothing of the process runs. */
  kill(target: SimulatedProcess): void {
    const process = asProcess(target);
    if (!process.isAlive) return;
    process.isAlive = false;
    this.note(`kill ${process.name}`);
    for (const act of [...process.killHandlers]) act();
    process.killHandlers.clear();
    this.#processes.delete(process);
  }

  /**
   * The events of the process wait for `ms`: a garbage collection, SIGSTOP, a starved CPU. No pause
   * shortens another one, or later events would overtake those that wait already.
   */
  pause(target: SimulatedProcess, ms: number): void {
    const process = asProcess(target);
    process.pausedUntilMs = Math.max(process.pausedUntilMs, this.#nowMs + ms);
  }

  /** Calls `act` as `process`, after `delayMs`. Events of one moment keep their order. */
  schedule(
    delayMs: number,
    process: SimulatedProcess,
    what: string,
    act: () => void,
  ): ScheduledEvent {
    this.#sequence += 1;
    const event: Event = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence,
      process: asProcess(process),
      what,
      act,
      cancel: () => {
        event.act = undefined;
      },
    };
    this.#queue.push(event);
    return event;
  }

  /** For models of ports: resolves in the calling process, and never in one that is dead then. */
  delay(delayMs: number, what: string): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(delayMs, this.#current, what, resolve);
    });
  }

  /** Calls `act` as another process within the current event, without microtasks in between. */
  runAs<T>(process: SimulatedProcess, act: () => T): T {
    const before = this.#current;
    this.#current = asProcess(process);
    try {
      return act();
    } finally {
      this.#current = before;
    }
  }

  /** Adds a fact to the hash and the trace. */
  note(text: string): void {
    let [first, second] = this.#hash;
    for (let at = 0; at < text.length; at += 1) {
      first = Math.imul(first ^ text.charCodeAt(at), 0x01000193);
      second = Math.imul(second ^ first, 0x85ebca6b) ^ (second >>> 13);
    }
    this.#hash = [first, second];
    this.trace(text);
  }

  /** Adds a line to the trace alone. */
  trace(text: string): void {
    this.#onTrace?.(`${(this.elapsedMs / 1000).toFixed(3)} ${text}`);
  }

  /** `run` returns after the current event. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Runs what is scheduled up to `timeLimitMs` after the start; can be called again. */
  async run(timeLimitMs: number): Promise<RunEnd> {
    this.#isStopped = false;
    try {
      return await this.#runEvents(timeLimitMs);
    } finally {
      this.#current = asProcess(this.world);
    }
  }

  async #runEvents(timeLimitMs: number): Promise<RunEnd> {
    // What the caller has begun schedules its own events first.
    await drained();
    while (!this.#isStopped) {
      const event = this.#queue.peek();
      if (!event) return 'idle';
      if (event.atMs - startMs > timeLimitMs) {
        this.#nowMs = Math.max(this.#nowMs, startMs + timeLimitMs);
        return 'time limit';
      }
      this.#queue.pop();
      if (this.#isDeferred(event)) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      this.#execute(event);
      await drained();
    }
    return 'stopped';
  }

  #isDeferred(event: Event): boolean {
    const { process } = event;
    if (event.act === undefined || !process.isAlive) return true;
    if (process.pausedUntilMs <= event.atMs) return false;
    event.atMs = process.pausedUntilMs;
    this.#queue.push(event);
    return true;
  }

  #execute(event: Event): void {
    this.#current = event.process;
    this.#events += 1;
    this.note(`${event.process.name} ${event.what} ${this.#events}`);
    const { act } = event;
    event.act = undefined;
    act?.();
  }
}

/** Resolves when ticks and microtasks have run dry. */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    realImmediate(resolve);
  });

class Process implements SimulatedProcess {
  readonly name: string;
  readonly killHandlers = new Set<() => void>();
  isAlive = true;
  pausedUntilMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  onKill(act: () => void): () => void {
    this.killHandlers.add(act);
    return () => this.killHandlers.delete(act);
  }
}

/** Every process is created by a kernel. */
const asProcess = (process: SimulatedProcess): Process => process as Process;

const byTime = (a: Event, b: Event): number => a.atMs - b.atMs || a.sequence - b.sequence;
