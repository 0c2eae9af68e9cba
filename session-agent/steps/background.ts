import type { OutputStream } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { BackgroundSink } from '../interpreter/step-interpreter.ts';
import type { SessionSpool } from '../spool/session-spool.ts';
import { backgroundWindow } from './output-windows.ts';
import { PieceStreams } from './piece-stream.ts';
import type { Step } from './step.ts';
import { StepEvents, sizeOf } from './step-events.ts';

/** Errors of one step, or between two, that are kept in memory; the others become text. */
const maxErrorBytes = 4 * 1024 * 1024;

/**
 * Output of threads, timers and child processes of earlier steps. The running step gets it
 * immediately; between steps it is spooled for the next one, which takes the spool over.
 */
export class BackgroundOutput implements BackgroundSink {
  readonly #spool: SessionSpool;
  readonly #clock: Clock;
  readonly #streams: PieceStreams;
  #backlog: StepEvents | undefined;
  #step: Step | undefined;
  #errorBytes = 0;

  constructor(spool: SessionSpool, clock: Clock) {
    this.#spool = spool;
    this.#clock = clock;
    this.#streams = new PieceStreams(clock, (stream, piece) => this.#write(stream, piece));
  }

  bytes(stream: OutputStream, bytes: Buffer): void {
    this.#streams.push(stream, bytes);
  }

  text(stream: OutputStream, text: string): void {
    this.bytes(stream, Buffer.from(text));
  }

  error(error: StepError): void {
    this.#errorBytes += sizeOf(error);
    if (this.#errorBytes > maxErrorBytes) {
      const { name, message, traceback } = error;
      this.text('stderr', `${traceback.join('\n') || `${name}: ${message}`}\n`);
      return;
    }
    this.#streams.flush();
    if (this.#step) this.#step.backgroundError(error);
    else this.#openBacklog().emit({ type: 'background_error', ...error });
  }

  /** Gives the step the output that was kept, and what arrives until `detach`. */
  attach(step: Step): void {
    this.#streams.flush();
    this.#step = step;
    this.#errorBytes = 0;
    if (this.#backlog) step.adopt(this.#backlog);
    this.#backlog = undefined;
  }

  detach(): void {
    this.#streams.flush();
    this.#step = undefined;
    this.#errorBytes = 0;
  }

  #write(stream: OutputStream, piece: Buffer): void {
    if (this.#step) this.#step.background(stream, piece);
    else this.#openBacklog().write(`background_${stream}`, piece);
  }

  /** The first event of the step that takes it over is `step_started`. */
  #openBacklog(): StepEvents {
    this.#backlog ??= new StepEvents({
      clock: this.#clock,
      spool: this.#spool.open(),
      openWindow: backgroundWindow,
      onGrowth: () => {},
      after: 1,
    });
    return this.#backlog;
  }
}
