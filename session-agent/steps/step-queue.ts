import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { SessionId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { StepInterpreter } from '../interpreter/step-interpreter.ts';
import type { SessionSpool } from '../spool/session-spool.ts';
import type { BackgroundOutput } from './background.ts';
import { runStep, stopStep } from './run-step.ts';
import { Step } from './step.ts';
import { epochMismatch, restarted, type StopReason, stepError, stopError } from './step-end.ts';
import { hashRequest, type StepJournal } from './step-journal.ts';
import type { StepLimits } from './step-limits.ts';

interface StepQueueOptions {
  sessionId: SessionId;
  interpreter: StepInterpreter;
  journal: StepJournal;
  background: BackgroundOutput;
  spool: SessionSpool;
  clock: Clock;
  limits: StepLimits;
  /** After the session has expired: the error with which steps are refused. */
  expiry: () => AppError | undefined;
  /** A step was added to the queue. */
  onQueued: (step: Step) => void;
  onBegin: () => void;
  onEnd: () => void;
}

/**
 * Runs the session's steps one at a time, in the order of their arrival. A step runs only in the
 * memory that its sender knew: it relies on the last epoch that was reported when it arrived, and
 * is refused if the interpreter is at another epoch by its turn.
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
  /** The last epoch that clients saw: in a step's result, a refusal, or a restart's response. */
  #reportedEpoch: number;

  constructor(options: StepQueueOptions) {
    this.#options = options;
    this.#reportedEpoch = options.interpreter.epoch;
  }

  /**
   * Adds a step, or returns the one that was submitted with the same id before.
   * @throws AppError `step_conflict`, `session_ended`, `epoch_mismatch`, `runtime_restarted` or
   * `step_queue_full`; the step did not run.
   */
  submit(request: ForwardedStep): Step {
    const { journal, interpreter, sessionId, clock, limits: stepLimits } = this.#options;
    const requestHash = hashRequest(request);
    const known = journal.find(request, requestHash, interpreter.epoch);
    if (known) return known;
    this.#refuseAfterEnd();
    this.#refuseOtherMemory(request, requestHash);
    if (this.#waiting.length >= limits.queuedSteps) {
      throw new AppError('step_queue_full', errorMessages.step_queue_full(limits.queuedSteps), {
        headers: { 'Retry-After': '1' },
      });
    }
    const epoch = request.epoch ?? this.#reportedEpoch;
    const spool = this.#options.spool.open();
    const origin = { requestHash, sessionId, epoch, clock, limits: stepLimits, spool };
    const step = new Step(request, origin);
    journal.add(step);
    this.#waiting.push(step);
    this.#options.onQueued(step);
    // Detached: the request of the first waiting step does not own the steps after it.
    runDetached(() => this.#pump());
    return step;
  }

  /** Interrupts a running step, removes a waiting one; has no effect on a step that has ended. */
  cancel(step: Step): void {
    if (step === this.#running) stopStep(step, 'cancel', this.#options);
    const at = this.#waiting.indexOf(step);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    const { epoch } = this.#options.interpreter;
    const error = stepError('StepCancelled', 'the step was cancelled before it ran');
    step.end({ status: 'cancelled', error, usage: null, epoch, stateLost: false });
  }

  /**
   * Starts a fresh interpreter.
   * @returns its epoch.
   * @throws AppError `session_ended`, or `epoch_mismatch` if `epoch` is not the current one.
   */
  async restart(epoch: number | undefined): Promise<number> {
    const { interpreter } = this.#options;
    this.#refuseAfterEnd();
    if (epoch !== undefined && epoch !== interpreter.epoch) throw epochMismatch(interpreter.epoch);
    if (this.#running) this.#running.stopReason = 'restart' satisfies StopReason;
    await interpreter.restart();
    // The session may have ended while it waited, as its interpreter never started again.
    this.#refuseAfterEnd();
    this.#reportedEpoch = interpreter.epoch;
    return interpreter.epoch;
  }

  /**
   * The interpreter lost its memory: waiting steps are refused instead of run, at the latest when
   * the step that was running ends.
   */
  onMemoryLost(): void {
    if (!this.#running) this.#refuseOutdated();
  }

  /** Ends the running step and the waiting ones, together with the session. */
  close(refusal: AppError): void {
    this.#closedWith ??= refusal;
    this.#endWaiting(this.#closedWith);
    if (!this.#running) return;
    const { epoch } = this.#options.interpreter;
    const error = stopError(this.#running, 'session_end', null);
    this.#running.end({ status: 'cancelled', error, usage: null, epoch, stateLost: true });
  }

  #refuseAfterEnd(): void {
    const refusal = this.#closedWith ?? this.#options.expiry();
    if (refusal) throw refusal;
  }

  #refuseOtherMemory(request: ForwardedStep, requestHash: string): void {
    const { journal, interpreter } = this.#options;
    const { epoch } = interpreter;
    if (request.epoch !== undefined && request.epoch !== epoch) throw epochMismatch(epoch);
    // Behind other steps it waits, and is refused together with them.
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
      // Waits until its subscriber reconnects or the step ends without running.
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
    // Steps that arrived before this result relied on the memory that was lost.
    if (end.stateLost) this.#reportedEpoch = Math.max(this.#reportedEpoch, end.epoch);
    this.#refuseOutdated();
    this.#options.onEnd();
  }

  /** The next step to run; the caller runs it without awaiting anything in between. */
  #next(): Step | undefined {
    if (!this.#options.interpreter.canRun) return undefined;
    const expiry = this.#options.expiry();
    if (expiry) this.#endWaiting(expiry);
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
