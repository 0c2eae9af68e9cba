import type { SessionId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step';
import { AppError } from '@steppe/service-kit/app-error';
import type { Interpreter } from '../worker/interpreter.ts';
import type { BackgroundOutput } from './background.ts';
import { runStep, stopError, stopStep } from './run-step.ts';
import { Step, type StopReason } from './step.ts';
import { hashRequest, type StepJournal } from './step-journal.ts';

interface StepQueueOptions {
  sessionId: SessionId;
  interpreter: Interpreter;
  journal: StepJournal;
  background: BackgroundOutput;
  /** After a step has begun or ended. */
  onActivity: () => void;
}

/** The session's steps, one at a time, in the order of their arrival. */
export class StepQueue {
  readonly #options: StepQueueOptions;
  readonly #waiting: Step[] = [];
  #running: Step | undefined;
  #pumping = false;
  #closed = false;
  /** The memory was lost while nothing ran, and no caller was told yet. */
  #lossUntold = false;

  constructor(options: StepQueueOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Takes a step in, or finds the one that was submitted under the same id before.
   * @throws AppError `step_conflict`, `epoch_mismatch`, `runtime_restarted` or `step_queue_full`; the step was not run then.
   */
  submit(request: ForwardedStep): Step {
    const { journal, interpreter, sessionId } = this.#options;
    const known = journal.find(request);
    if (known) return known;
    const { epoch } = interpreter;
    this.#refuseOtherMemory(request, epoch);
    if (this.#waiting.length >= limits.queuedSteps) {
      throw new AppError('step_queue_full', `${limits.queuedSteps} steps wait already; send this one again when one has ended`, {
        headers: { 'Retry-After': '1' },
      });
    }
    const step = new Step(request, hashRequest(request), sessionId, epoch);
    journal.add(step);
    this.#waiting.push(step);
    void this.#pump();
    return step;
  }

  /** Interrupts a running step, takes a waiting one out; harmless for one that has ended. */
  cancel(step: Step): void {
    if (step === this.#running) stopStep(step, 'cancel', this.#options.interpreter);
    const at = this.#waiting.indexOf(step);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    const error = { name: 'StepCancelled', message: 'the step was cancelled before it ran', traceback: [] };
    step.end({ status: 'cancelled', error, usage: null, epoch: this.#options.interpreter.epoch, stateLost: false });
  }

  /** A fresh interpreter. @throws AppError `epoch_mismatch` where `epoch` is not the present one. */
  async restart(epoch: number | undefined): Promise<number> {
    const { interpreter } = this.#options;
    if (epoch !== undefined && epoch !== interpreter.epoch) throw epochMismatch(interpreter.epoch);
    if (this.#running) this.#running.stopReason = 'restart';
    await interpreter.restart();
    this.#lossUntold = false;
    return interpreter.epoch;
  }

  /** The interpreter's memory is gone: whoever waits is told instead of run. */
  onLoss(): void {
    const { epoch } = this.#options.interpreter;
    this.#lossUntold = !this.#running && this.#waiting.length === 0;
    for (const step of this.#waiting.splice(0)) {
      const refusal = restarted(epoch);
      const error = { name: 'RuntimeRestarted', message: refusal.message, traceback: [] };
      step.end({ status: 'cancelled', error, usage: null, epoch, stateLost: true, refusal });
    }
  }

  /** Ends what runs and what waits, with the session. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#running;
    for (const step of this.#waiting.splice(0)) this.#endWithSession(step);
    if (!running) return;
    running.stopReason ??= 'session_end' satisfies StopReason;
    this.#endWithSession(running);
  }

  #endWithSession(step: Step): void {
    const error = stopError(step, 'session_end', null);
    step.end({ status: 'cancelled', error, usage: null, epoch: this.#options.interpreter.epoch, stateLost: true });
  }

  #refuseOtherMemory(request: ForwardedStep, epoch: number): void {
    const { journal } = this.#options;
    if (request.epoch !== undefined && request.epoch !== epoch) throw epochMismatch(epoch);
    const namesThisEpoch = request.epoch === epoch;
    const before = journal.refusal(request.step_id);
    if (before && !namesThisEpoch) throw before;
    if (!this.#lossUntold) return;
    this.#lossUntold = false;
    if (namesThisEpoch) return;
    const refusal = restarted(epoch);
    journal.rememberRefusal(request.step_id, refusal);
    throw refusal;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#waiting.length > 0 && !this.#closed) {
      await this.#options.interpreter.ready();
      const step = this.#waiting.shift();
      if (!step) break;
      this.#running = step;
      this.#options.onActivity();
      await runStep(step, this.#options);
      this.#running = undefined;
      this.#options.onActivity();
    }
    this.#pumping = false;
  }
}

const epochMismatch = (epoch: number): AppError =>
  new AppError('epoch_mismatch', `the interpreter is at epoch ${epoch}: the memory that the request counts on is gone`, {
    details: { epoch },
  });

const restarted = (epoch: number): AppError =>
  new AppError('runtime_restarted', `the interpreter was restarted and its memory is lost; it is at epoch ${epoch} now`, {
    details: { epoch },
  });
