import { randomBytes } from 'node:crypto';
import type { OutputStream, Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { type Deferred, deferred, delay } from '../deferred.ts';
import type { WorkerLink } from '../protocol/agent-socket.ts';
import type { SupervisorFrame, WorkerFrame } from '../protocol/frames.ts';
import type { Place } from '../protocol/marker-scanner.ts';
import { RawStream } from '../protocol/raw-stream.ts';
import { TailBuffer } from '../tail-buffer.ts';
import type { BackgroundSink, StepCode, StepSink } from './step-interpreter.ts';

export type ExitFrame = Extract<SupervisorFrame, { type: 'exit' }>;
type DoneFrame = Extract<WorkerFrame, { type: 'done' }>;

interface WorkerEvents {
  /** It sent what no worker may send. */
  onProtocolError(protocolError: string): void;
  onClosed(): void;
}

type WorkerDone = { status: DoneFrame['status']; error: StepError | null; usage: Usage };

interface Running {
  stepId: string;
  sink: StepSink;
  done: Deferred<DoneFrame>;
  interrupt: Deferred<void> | undefined;
}

const markerLimitMs = 2_000;
const startOutputBytes = 2_048;

/**
 * One interpreter process as the agent sees it: its two raw streams, its connection, and the step
 * that it runs.
 */
export class Worker {
  readonly epoch: number;
  readonly ready = deferred();
  /** Its process, as the supervisor says. */
  readonly pid = deferred<number>();
  /** Resolves when the process and all its descendants are dead and their output has been read. */
  readonly gone = deferred<ExitFrame>();
  readonly #out: RawStream;
  readonly #err: RawStream;
  readonly #background: BackgroundSink;
  #link: WorkerLink | undefined;
  readonly #linkClosed = deferred();
  #interruptBy: 'signal' | 'frame' = 'signal';
  #running: Running | undefined;
  #executionCount = 0;
  /** Why the agent ends it, where user code broke the protocol. */
  protocolError: string | undefined;
  /** The step that was run last has ended, for the worker. */
  hasDone = false;
  /** Its termination was requested. */
  unwanted = false;
  /** Another takes its place before it has run anything. */
  replaced = false;
  /** Its supervisor went before it, so that nobody has seen it dead. */
  isOrphan = false;
  readonly #startOutput = new TailBuffer(startOutputBytes);

  constructor(epoch: number, fifos: { out: string; err: string }, background: BackgroundSink) {
    this.epoch = epoch;
    this.#background = background;
    this.#out = new RawStream(fifos.out, {
      bytes: (place, bytes) => this.#bytes('stdout', place, bytes),
    });
    this.#err = new RawStream(fifos.err, {
      bytes: (place, bytes) => this.#bytes('stderr', place, bytes),
    });
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** The end of what it wrote before it was ready. */
  takeStartOutput(): string {
    return this.#startOutput.take().toString('utf8');
  }

  connect(
    link: WorkerLink,
    interruptBy: 'signal' | 'frame',
    { onProtocolError, onClosed }: WorkerEvents,
  ): void {
    this.#out.workerHasIt();
    this.#err.workerHasIt();
    this.#link = link;
    this.#interruptBy = interruptBy;
    link.onFrame = (frame) => {
      const protocolError = this.#take(frame);
      if (protocolError) onProtocolError(protocolError);
    };
    link.onClose = (protocolError) => {
      this.#link = undefined;
      this.#linkClosed.resolve();
      if (protocolError) onProtocolError(protocolError);
      else onClosed();
    };
    this.ready.resolve();
  }

  configure(env: Record<string, string>): void {
    this.#link?.send({ type: 'configure', env });
  }

  /**
   * Starts the step.
   * @returns its number in this epoch, and its end, which never comes if the worker goes first.
   */
  run(step: StepCode, sink: StepSink): { executionCount: number; done: Promise<WorkerDone> } {
    this.#executionCount += 1;
    this.hasDone = false;
    const nonce = randomBytes(16).toString('hex');
    const running: Running = { stepId: step.stepId, sink, done: deferred(), interrupt: undefined };
    this.#running = running;
    const markers = Promise.all([this.#out.arm(nonce), this.#err.arm(nonce)]);
    this.#link?.send({
      type: 'run',
      step_id: step.stepId,
      code: step.code,
      execution_count: this.#executionCount,
      env: step.env,
      cwd: step.cwd,
      nonce,
    });
    return { executionCount: this.#executionCount, done: this.#end(running, markers) };
  }

  async #end(running: Running, markers: Promise<unknown>): Promise<WorkerDone> {
    const { status, error, usage } = await running.done.promise;
    // Both markers were written before `done`; only user code that tampers with the streams can
    // make them late.
    await Promise.race([markers, delay(markerLimitMs)]);
    await running.interrupt?.promise;
    this.#running = undefined;
    return { status, error, usage };
  }

  /**
   * Requests an interrupt of the running step.
   * @returns true where the supervisor has to send the signal.
   */
  interrupt(stepId: string): boolean {
    const running = this.#running;
    if (running?.stepId !== stepId) return false;
    running.interrupt = deferred();
    if (this.#interruptBy === 'signal') return true;
    this.#link?.send({ type: 'interrupt', step_id: stepId });
    return false;
  }

  interrupted(stepId: string): void {
    if (this.#running?.stepId === stepId) this.#running.interrupt?.resolve();
  }

  /** The process is dead: reads what it left, its last frames too, and tells. */
  async exited(exit: ExitFrame, drainMs: number): Promise<void> {
    // An orphan may still live, and ends with its connection.
    if (this.isOrphan) this.#link?.close();
    const lastFrames = this.#link && Promise.race([this.#linkClosed.promise, delay(drainMs)]);
    await Promise.all([lastFrames, this.#out.close(drainMs), this.#err.close(drainMs)]);
    this.#link?.close();
    this.#running?.interrupt?.resolve();
    this.gone.resolve(exit);
  }

  /** It was never spawned. */
  discard(): void {
    for (const stream of [this.#out, this.#err]) runDetached(() => stream.close(0));
  }

  /** @returns what is wrong with the frame, if anything is. */
  #take(frame: WorkerFrame): string | undefined {
    if (frame.type === 'background') return void this.#background.text(frame.stream, frame.text);
    if (frame.type === 'bgerror') {
      const { name, message, traceback } = frame;
      return void this.#background.error({ name, message, traceback });
    }
    if (frame.type === 'ready') return 'a second ready';
    const running = this.#running;
    if (frame.step_id !== running?.stepId) return `${frame.type} for a step that does not run`;
    if (frame.type === 'display') running.sink.display(frame);
    else if (frame.type === 'done') {
      this.hasDone = true;
      running.done.resolve(frame);
    } else running.interrupt?.resolve();
    return undefined;
  }

  #bytes(stream: OutputStream, place: Place, bytes: Buffer): void {
    if (!this.connected && this.#executionCount === 0) {
      this.#startOutput.push(bytes);
    }
    if (place === 'step' && this.#running) this.#running.sink.output(stream, bytes);
    else this.#background.bytes(stream, bytes);
  }
}
