import type { SessionId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { BackgroundOutput } from './background.ts';
import { runStep, stopStep } from './run-step.ts';
import { Step, type StopReason } from './step.ts';
import { epochMismatch, restarted, stepError, stopError } from './step-errors.ts';
import type { StepInterpreter } from './step-interpreter.ts';
import { hashRequest, type StepJournal } from './step-journal.ts';
import type { StepLimits } from './step-limits.ts';

interface StepQueueOptions {
  sessionId: SessionId;
  interpreter: StepInterpreter;
  journal: StepJournal;
  background: BackgroundOutput;
  limits: StepLimits;
  /** Why no step may begin any more, once the session's time is up. */
  timeOver: () => AppError | undefined;
  /** A step was taken in, and waits from now on. */
  onTaken: (step: Step) => void;
  onBegin: () => void;
  onEnd: () => void;
}

/**
 * The session's steps, one at a time, in the order of their arrival. A step runs only in the memory
 * that its sender knew of: it counts on the epoch that was the last told when it came, and is
 * refused where the interpreter is at another by its turn.
 *
 *     submit ──► queued ──► running ──► completed, failed, cancelled, timed_out
 *                   └──────────────────► cancelled (cancel, lost memory, end of the session)
 */
export class StepQueue {
  readonly #options: StepQueueOptions;
  readonly #waiting: Step[] = [];
  #running: Step | undefined;
  #pumping = false;
  #closedWith: AppError | undefined;
  /**
   * The memory that callers know of: by the result of a step, a refusal, or the response of a
   * restart.
   */
  #reportedEpoch: number;

  constructor(options: StepQueueOptions) {
    this.#options = options;
    this.#reportedEpoch = options.interpreter.epoch;
  }

  /**
   * Takes a step in, or finds the one that was submitted under the same id before.
   * @throws AppError `step_conflict`, `session_ended`, `epoch_mismatch`, `runtime_restarted` or
   * `step_queue_full`; the step was not run then.
   */
  submit(request: ForwardedStep): Step {
    const { journal, interpreter, sessionId, limits: stepLimits } = this.#options;
    const requestHash = hashRequest(request);
    const known = journal.find(request, requestHash, interpreter.epoch);
    if (known) return known;
    this.#refuseWhenOver();
    this.#refuseOtherMemory(request, requestHash);
    if (this.#waiting.length >= limits.queuedSteps) {
      throw new AppError(
        'step_queue_full',
        `${limits.queuedSteps} steps are queued already; send this one again when one has ended`,
        {
          headers: { 'Retry-After': '1' },
        },
      );
    }
    const epoch = request.epoch ?? this.#reportedEpoch;
    const step = new Step(request, { requestHash, sessionId, epoch, limits: stepLimits });
    journal.add(step);
    this.#waiting.push(step);
    this.#options.onTaken(step);
    // Whoever sent the first of the steps that wait does not own the others.
    runDetached(() => this.#pump());
    return step;
  }

  /** Interrupts a running step, takes a waiting one out; harmless for one that has ended. */
  cancel(step: Step): void {
    if (step === this.#running) stopStep(step, 'cancel', this.#options.interpreter);
    const at = this.#waiting.indexOf(step);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    const { epoch } = this.#options.interpreter;
    const error = stepError('StepCancelled', 'the step was cancelled before it ran');
    step.end({ status: 'cancelled', error, usage: null, epoch, stateLost: false });
  }

  /**
   * A fresh interpreter.
   * @throws AppError `session_ended`, or `epoch_mismatch` where `epoch` is not the present one.
   */
  async restart(epoch: number | undefined): Promise<number> {
    const { interpreter } = this.#options;
    this.#refuseWhenOver();
    if (epoch !== undefined && epoch !== interpreter.epoch) throw epochMismatch(interpreter.epoch);
    if (this.#running) this.#running.stopReason = 'restart' satisfies StopReason;
    await interpreter.restart();
    this.#reportedEpoch = interpreter.epoch;
    return interpreter.epoch;
  }

  /**
   * The interpreter's memory is gone: steps that wait are rejected instead of run, at the latest
   * when the step that it was lost in ends.
   */
  onMemoryLost(): void {
    if (!this.#running) this.#refuseOutdated();
  }

  /** Ends what runs and what waits, with the session. */
  close(refusal: AppError): void {
    this.#closedWith ??= refusal;
    this.#endWaiting(this.#closedWith);
    if (!this.#running) return;
    const { epoch } = this.#options.interpreter;
    const error = stopError(this.#running, 'session_end', null);
    this.#running.end({ status: 'cancelled', error, usage: null, epoch, stateLost: true });
  }

  #refuseWhenOver(): void {
    const refusal = this.#closedWith ?? this.#options.timeOver();
    if (refusal) throw refusal;
  }

  #refuseOtherMemory(request: ForwardedStep, requestHash: string): void {
    const { journal, interpreter } = this.#options;
    const { epoch } = interpreter;
    if (request.epoch !== undefined && request.epoch !== epoch) throw epochMismatch(epoch);
    // While others are before it, it waits and is rejected with them.
    if (this.#reportedEpoch === epoch || this.#running || this.#waiting.length > 0) return;
    this.#reportedEpoch = epoch;
    if (request.epoch === epoch) return;
    const refusal = restarted(epoch);
    journal.keepRefusal(request.step_id, { requestHash, refusal });
    throw refusal;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      // Whether it is to run is known when its reader has come back, or has not and it is ended.
      if (first.subscribers.absence)
        await Promise.race([first.subscribers.absence, first.ended.promise]);
      await this.#options.interpreter.ready();
      const step = this.#next();
      if (step) await this.#run(step);
    }
    this.#pumping = false;
  }

  async #run(step: Step): Promise<void> {
    this.#running = step;
    this.#options.onBegin();
    const end = await runStep(step, this.#options);
    this.#running = undefined;
    // Those who came before the loss was told counted on the memory that was lost.
    if (end.stateLost) this.#reportedEpoch = Math.max(this.#reportedEpoch, end.epoch);
    this.#refuseOutdated();
    this.#options.onEnd();
  }

  /** The step whose turn it is; nothing is awaited between this and its run. */
  #next(): Step | undefined {
    if (!this.#options.interpreter.canRun) return undefined;
    const over = this.#options.timeOver();
    if (over) this.#endWaiting(over);
    this.#refuseOutdated();
    return this.#waiting[0]?.subscribers.absence ? undefined : this.#waiting.shift();
  }

  #refuseOutdated(): void {
    const { epoch } = this.#options.interpreter;
    const outdated = this.#waiting.filter(({ basisEpoch }) => basisEpoch !== epoch);
    if (outdated.length === 0) return;
    this.#reportedEpoch = epoch;
    const refusal = restarted(epoch);
    const error = stepError('RuntimeRestarted', refusal.message);
    for (const step of outdated) {
      this.#waiting.splice(this.#waiting.indexOf(step), 1);
      step.end({ status: 'cancelled', error, usage: null, epoch, stateLost: true, refusal });
    }
  }

  #endWaiting(refusal: AppError): void {
    const { epoch } = this.#options.interpreter;
    for (const step of this.#waiting.splice(0)) {
      const error = stopError(step, 'session_end', null);
      step.end({ status: 'cancelled', error, usage: null, epoch, stateLost: true, refusal });
    }
  }
}
