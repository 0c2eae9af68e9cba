import type { OutputStream } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { maxFrameBytes } from '../protocol/wire-format.ts';
import type { StepSink } from './step-interpreter.ts';

/** User code can keep a turn from being complete: what waits for it is passed on after this time. */
export const turnLimitMs = 1_000;
/** What waits is passed on before it takes more memory. */
const maxHeldBytes = 2 * maxFrameBytes;
/** Counted for each piece, display and turn that waits, which also limits their number. */
const itemBytes = 1024;

type Display = Parameters<StepSink['display']>[0];

/** A frame that waits for what was printed before it. */
interface Shown {
  bytes: number;
  pass: () => void;
}

interface Lane {
  /** The last turn that has arrived on this stream. */
  turn: number;
  held: { turn: number; bytes: Buffer }[];
}

/**
 * Restores the order of what a step writes to its two raw streams and shows in frames. Its driver
 * marks each turn from one of them to another on both streams. What follows a turn waits until the
 * turn has arrived on both, with the displays that precede it.
 */
export class OutputOrder {
  readonly #sink: StepSink;
  readonly #clock: Clock;
  readonly #lanes: Record<OutputStream, Lane> = {
    stdout: { turn: 0, held: [] },
    stderr: { turn: 0, held: [] },
  };
  /** The last turn that is complete. */
  #turn = 0;
  /** Later turns that have arrived on at least one stream. */
  #open: { turn: number; shown: number }[] = [];
  #displays: Shown[] = [];
  #arrivedDisplays = 0;
  #shownDisplays = 0;
  /** How many displays precede the turns that are complete. */
  #dueDisplays = 0;
  #heldBytes = 0;
  #progress = 0;
  #cancelLimit: (() => void) | undefined;

  constructor(sink: StepSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  write(stream: OutputStream, bytes: Buffer): void {
    const { turn, held } = this.#lanes[stream];
    if (turn <= this.#turn) {
      this.#sink.output(stream, bytes);
    } else {
      held.push({ turn, bytes: Buffer.from(bytes) });
      this.#hold(bytes.length);
    }
  }

  /** @param shown how many displays precede the turn. */
  turned(stream: OutputStream, turn: number, shown: number): void {
    const lane = this.#lanes[stream];
    if (turn <= lane.turn) return;
    lane.turn = turn;
    if (turn > (this.#open.at(-1)?.turn ?? this.#turn)) {
      this.#open.push({ turn, shown });
      this.#hold(0);
    }
    this.#advance();
  }

  /** A display that precedes no turn precedes the end of the step. */
  display(display: Display): void {
    this.pass(display.bundle.length, () => this.#sink.display(display));
  }

  clearOutput(wait: boolean): void {
    this.pass(0, () => this.#sink.clearOutput(wait));
  }

  /** Passes on something that counts as a display. */
  pass(bytes: number, callback: () => void): void {
    this.#arrivedDisplays += 1;
    this.#displays.push({ bytes, pass: callback });
    this.#hold(bytes);
    this.#advance();
    this.#show();
  }

  /** No more turns come: passes on all that waits, and what comes. */
  finish(): void {
    this.#release();
    this.#turn = this.#dueDisplays = Number.POSITIVE_INFINITY;
  }

  #advance(): void {
    const { stdout, stderr } = this.#lanes;
    const arrived = Math.min(stdout.turn, stderr.turn);
    let next = this.#open[0];
    while (next && next.turn <= arrived && next.shown <= this.#arrivedDisplays) {
      this.#open.shift();
      this.#complete(next);
      next = this.#open[0];
    }
  }

  #complete({ turn, shown }: { turn: number; shown: number }): void {
    this.#progress += 1;
    this.#turn = turn;
    this.#heldBytes -= itemBytes;
    this.#dueDisplays = Math.max(this.#dueDisplays, shown);
    this.#show();
    for (const stream of ['stdout', 'stderr'] as const) {
      const { held } = this.#lanes[stream];
      const later = held.findIndex((item) => item.turn > turn);
      for (const { bytes } of held.splice(0, later === -1 ? held.length : later)) {
        this.#heldBytes -= bytes.length + itemBytes;
        this.#sink.output(stream, bytes);
      }
    }
    if (this.#heldBytes === 0) this.#forgetLimit();
  }

  #show(due = this.#dueDisplays): void {
    while (this.#shownDisplays < due) {
      const display = this.#displays.shift();
      if (!display) break;
      this.#shownDisplays += 1;
      this.#heldBytes -= display.bytes + itemBytes;
      display.pass();
    }
    if (this.#heldBytes === 0) this.#forgetLimit();
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes + itemBytes;
    if (this.#heldBytes > maxHeldBytes) this.#release();
    else this.#cancelLimit ??= this.#startLimit();
  }

  #startLimit(): () => void {
    const before = this.#progress;
    return this.#clock.after(turnLimitMs, () => {
      this.#cancelLimit = undefined;
      if (this.#progress === before) this.#release();
      else if (this.#heldBytes > 0) this.#cancelLimit = this.#startLimit();
    });
  }

  #release(): void {
    for (const turn of this.#open.splice(0)) this.#complete(turn);
    this.#show(Number.POSITIVE_INFINITY);
  }

  #forgetLimit(): void {
    this.#cancelLimit?.();
    this.#cancelLimit = undefined;
  }
}
