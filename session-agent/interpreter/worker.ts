import type { Ids } from '@steppe/contracts/ids';
import type { OutputStream } from '@steppe/contracts/step';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { type Deferred, deferred, settledWithin } from '../deferred.ts';
import type { WorkerLink } from '../protocol/agent-socket.ts';
import type { WorkerFrame } from '../protocol/frames.ts';
import type { MarkerSink, Place } from '../protocol/marker-scanner.ts';
import { RawStream } from '../protocol/raw-stream.ts';
import type { RawOutput } from '../protocol/runtime-transport.ts';
import { TailBuffer } from '../tail-buffer.ts';
import { OutputOrder } from './output-order.ts';
import type { BackgroundSink, StepCode, StepSink } from './step-interpreter.ts';
import type { DoneFrame, ExitFrame, WorkerRunEnd } from './worker-exit.ts';

interface WorkerOptions {
  background: BackgroundSink;
  clock: Clock;
  ids: Pick<Ids, 'nonce'>;
}

interface WorkerEvents {
  /** The worker sent a frame that the protocol does not allow. */
  onProtocolError(protocolError: string): void;
  onClosed(): void;
}

interface Running {
  stepId: string;
  output: OutputOrder;
  /** Resolves with its end, or with the exit of the worker. */
  end: Deferred<DoneFrame | ExitFrame>;
  /** Interrupts that were requested and are not acknowledged yet, in order. */
  interrupts: Deferred<void>[];
}

/** How long to wait for the end markers after a step's end. */
export const markerLimitMs = 2_000;
const startOutputBytes = 2_048;

/** One interpreter process: its two raw streams, its connection, and the step that it runs. */
export class Worker {
  readonly epoch: number;
  readonly ready = deferred();
  /** Resolves with its process id, which the supervisor reports. */
  readonly pid = deferred<number>();
  /** Resolves when the process and all its descendants are dead and their output has been read. */
  readonly gone = deferred<ExitFrame>();
  /** Why the agent kills the worker, if user code broke the protocol. */
  protocolError: string | undefined;
  readonly #options: WorkerOptions;
  readonly #out: RawStream;
  readonly #err: RawStream;
  #link: WorkerLink | undefined;
  readonly #linkClosed = deferred();
  #interruptBy: 'signal' | 'frame' = 'signal';
  #running: Running | undefined;
  #executionCount = 0;
  readonly #startOutput = new TailBuffer(startOutputBytes);

  constructor(epoch: number, streams: { out: RawOutput; err: RawOutput }, options: WorkerOptions) {
    this.epoch = epoch;
    this.#options = options;
    const sinkOf = (stream: OutputStream): Omit<MarkerSink, 'ended'> => ({
      bytes: (place, bytes) => this.#bytes(stream, place, bytes),
      turned: (turn, shown) => this.#running?.output.turned(stream, turn, shown),
    });
    this.#out = new RawStream(streams.out, sinkOf('stdout'), options.clock);
    this.#err = new RawStream(streams.err, sinkOf('stderr'), options.clock);
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** The last bytes that it wrote before it was ready. */
  takeStartOutput(): string {
    return this.#startOutput.take().toString('utf8');
  }

  connect(
    link: WorkerLink,
    interruptBy: 'signal' | 'frame',
    { onProtocolError, onClosed }: WorkerEvents,
  ): void {
    this.#out.workerConnected();
    this.#err.workerConnected();
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

  /** True if it has no connection, or loses it within the limit. */
  async isLeftWithin(limitMs: number): Promise<boolean> {
    if (this.#link) await settledWithin(this.#linkClosed.promise, limitMs, this.#options.clock);
    return !this.isConnected;
  }

  /** Closes its connection, which makes it exit. */
  disconnect(): void {
    this.#link?.close();
  }

  configure(env: Record<string, string>): void {
    this.#link?.send({ type: 'configure', env });
  }

  /** @returns the step's number in this epoch, 0 if it is not counted, and its end. */
  run(
    step: StepCode,
    sink: StepSink,
    isRehearsed: boolean,
  ): { executionCount: number; end: Promise<WorkerRunEnd> } {
    const executionCount = isRehearsed ? 0 : ++this.#executionCount;
    const { ids, clock } = this.#options;
    const nonce = ids.nonce();
    const output = new OutputOrder(sink, clock);
    const running: Running = {
      stepId: step.stepId,
      output,
      end: deferred(),
      interrupts: [],
    };
    this.#running = running;
    const markers = Promise.all([this.#out.arm(nonce), this.#err.arm(nonce)]);
    this.#link?.send({
      type: 'run',
      step_id: step.stepId,
      code: step.code,
      execution_count: executionCount,
      env: step.env,
      cwd: step.cwd,
      nonce,
    });
    return { executionCount, end: this.#end(running, markers) };
  }

  async #end(running: Running, markers: Promise<unknown>): Promise<WorkerRunEnd> {
    const end = await running.end.promise;
    if (end.type === 'exit') {
      running.output.finish();
      return { kind: 'lost', exit: end };
    }
    for (const stream of [this.#out, this.#err]) stream.wake();
    // The worker writes both markers before `done`: they are late only if user code tampers with
    // the streams. If the worker dies meanwhile, the step has still ended.
    if (this.#out.isInStep || this.#err.isInStep)
      await settledWithin(markers, markerLimitMs, this.#options.clock);
    running.output.finish();
    while (running.interrupts[0]) await running.interrupts[0].promise;
    this.#running = undefined;
    const { status, error, usage } = end;
    return { kind: 'done', status, error, usage };
  }

  /**
   * Requests an interrupt of the running step, also if it was interrupted before.
   * @returns true if the supervisor has to send a signal.
   */
  interrupt(stepId: string): boolean {
    const running = this.#running;
    if (running?.stepId !== stepId) return false;
    running.interrupts.push(deferred());
    if (this.#interruptBy === 'signal') return true;
    this.#link?.send({ type: 'interrupt', step_id: stepId });
    return false;
  }

  interrupted(stepId: string): void {
    if (this.#running?.stepId === stepId) this.#running.interrupts.shift()?.resolve();
  }

  /** The process is dead: handles its last frames and output for at most `drainMs`. */
  async exited(exit: ExitFrame, drainMs: number): Promise<void> {
    const { clock } = this.#options;
    const lastFrames = this.#link && settledWithin(this.#linkClosed.promise, drainMs, clock);
    await Promise.all([lastFrames, this.#out.close(drainMs), this.#err.close(drainMs)]);
    this.disconnect();
    for (const interrupt of this.#running?.interrupts.splice(0) ?? []) interrupt.resolve();
    this.#running?.end.resolve(exit);
    this.gone.resolve(exit);
  }

  /** Closes the streams of a worker that was never spawned. */
  discard(): void {
    for (const stream of [this.#out, this.#err]) runDetached(() => stream.close(0));
  }

  /** @returns what is wrong with the frame, or undefined. */
  #take(frame: WorkerFrame): string | undefined {
    const { background } = this.#options;
    const running = this.#running;
    if (frame.type === 'background') return void background.text(frame.stream, frame.text);
    if (frame.type === 'bgerror') return void this.#takeError(frame);
    if (frame.type === 'ready') return 'a second ready';
    if (frame.step_id !== running?.stepId) return `${frame.type} for a step that is not running`;
    if (frame.type === 'display') running.output.display(frame);
    else if (frame.type === 'clear_output') running.output.clearOutput(frame.wait);
    else if (frame.type === 'done') running.end.resolve(frame);
    else running.interrupts.shift()?.resolve();
    return undefined;
  }

  #takeError(frame: Extract<WorkerFrame, { type: 'bgerror' }>): void {
    const { name, message, traceback, step_id } = frame;
    const report = () => this.#options.background.error({ name, message, traceback });
    const running = this.#running;
    if (step_id !== undefined && step_id === running?.stepId) {
      const bytes = traceback.reduce((sum, line) => sum + line.length, message.length);
      running.output.pass(bytes, report);
    } else report();
  }

  #bytes(stream: OutputStream, place: Place, bytes: Buffer): void {
    if (!this.isConnected && this.#executionCount === 0) this.#startOutput.push(bytes);
    if (place === 'step' && this.#running) this.#running.output.write(stream, bytes);
    else this.#options.background.bytes(stream, bytes);
  }
}
