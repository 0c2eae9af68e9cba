import type { SessionId, StepId } from '@steppe/contracts/ids';
import type { OutputStream, StepStatus, StepSummary } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import type { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { deferred } from '../deferred.ts';
import type { StepCode } from '../interpreter/step-interpreter.ts';
import type { RawJson } from '../protocol/raw-json.ts';
import type { Channel } from '../spool/record.ts';
import type { OwnedSpool } from '../spool/session-spool.ts';
import type { StepSpool } from '../spool/step-spool.ts';
import { EventReader } from './event-reader.ts';
import { isoTime } from './iso-time.ts';
import { aggregateResult, type KeptResult } from './kept-result.ts';
import { windowOf } from './output-windows.ts';
import type { StepEnd, StopReason } from './step-end.ts';
import { StepEvents, sizeOf } from './step-events.ts';
import { contractLimits, type StepLimits } from './step-limits.ts';
import { StepOutput } from './step-output.ts';
import { Subscribers } from './subscribers.ts';

interface StepOrigin {
  requestHash: string;
  sessionId: SessionId;
  /** The epoch of the memory that its sender relies on. */
  epoch: number;
  clock: Clock;
  limits?: StepLimits;
  spool: OwnedSpool;
}

interface StepStart {
  executionCount: number;
  startedAt: string;
}

/** About the texts of a summary, besides those of its error. */
const summaryBytes = 300;

type StepState =
  | { phase: 'queued' }
  | { phase: 'running'; start: StepStart }
  | { phase: 'ended'; start: StepStart | undefined; end: StepEnd; completedAt: string };

/**
 * One step from its submission to its end: its events, numbered without gaps, and the result that
 * is aggregated from them.
 */
export class Step {
  readonly id: StepId;
  readonly requestHash: string;
  readonly timeoutMs: number;
  readonly basisEpoch: number;
  readonly subscribers: Subscribers;
  stopReason: StopReason | undefined;
  /** Roughly the memory that it takes; `onGrowth` is called for each change. */
  bytes = 0;
  onGrowth: (bytes: number) => void = () => {};
  /** Resolves with the last event. */
  readonly ended = deferred();
  readonly #sessionId: SessionId;
  readonly #clock: Clock;
  readonly #submittedAt: string;
  readonly #events: StepEvents;
  readonly #output: StepOutput;
  #state: StepState = { phase: 'queued' };
  /** Dropped once the interpreter has it. */
  #code: StepCode | undefined;

  constructor(
    request: ForwardedStep,
    { requestHash, sessionId, epoch, clock, spool, limits = contractLimits }: StepOrigin,
  ) {
    const { step_id, code, env, cwd = null, timeout_ms } = request;
    this.id = step_id;
    this.requestHash = requestHash;
    this.timeoutMs = timeout_ms;
    this.basisEpoch = epoch;
    this.subscribers = new Subscribers(clock);
    this.#sessionId = sessionId;
    this.#clock = clock;
    this.#submittedAt = this.#timestamp();
    const openWindow = (channel: Channel) => windowOf(channel, limits.outputBytesPerStream);
    const onGrowth = (bytes: number) => this.#grow(bytes);
    this.#events = new StepEvents({ clock, spool, openWindow, onGrowth });
    this.#code = { stepId: step_id, code, env, cwd };
    this.bytes = sizeOf(this.#code);
    this.#output = new StepOutput(this.#events, clock, limits);
  }

  get status(): StepStatus {
    return this.#state.phase === 'ended' ? this.#state.end.status : this.#state.phase;
  }

  get hasEnded(): boolean {
    return this.#state.phase === 'ended';
  }

  get refusal(): AppError | undefined {
    return this.#state.phase === 'ended' ? this.#state.end.refusal : undefined;
  }

  /** Reads its events after the one with this seq, at its own pace. */
  readEvents(after = 0): EventReader {
    return new EventReader(this.#events, after);
  }

  /** The output that it has written so far, as far as it is kept. */
  spooled(): StepSpool {
    if (!this.hasEnded) this.#output.flush();
    return this.#events.spool;
  }

  /** The journal has dropped its events. */
  get forgotten(): boolean {
    return this.#events.forgotten;
  }

  /** Returns the code to run, once, and drops it. */
  takeCode(): StepCode {
    const code = this.#code;
    if (!code) throw new Error(`the step ${this.id} has run before`);
    this.#dropCode();
    return code;
  }

  started(executionCount: number): void {
    this.#state = { phase: 'running', start: { executionCount, startedAt: this.#timestamp() } };
    this.#events.emit({ type: 'step_started', execution_count: executionCount });
  }

  output(stream: OutputStream, bytes: Buffer): void {
    if (!this.hasEnded) this.#output.push(stream, bytes);
  }

  /** @param truncated the driver had to reduce the bundle to its text. */
  display(bundle: RawJson, isMainResult: boolean, truncated: boolean): void {
    if (!this.hasEnded) this.#output.display(bundle, isMainResult, truncated);
  }

  /** @param wait until something else is shown or printed. */
  clearOutput(wait: boolean): void {
    if (!this.hasEnded) this.#output.clear(wait);
  }

  /** Takes over what earlier steps wrote before this one started. */
  adopt(backlog: StepEvents): void {
    this.#events.adopt(backlog);
  }

  /** @param piece of output of earlier steps. */
  background(stream: OutputStream, piece: Buffer): void {
    if (!this.hasEnded) this.#events.write(`background_${stream}`, piece);
  }

  backgroundError(error: StepError): void {
    if (this.hasEnded) return;
    this.#output.flush();
    this.#events.emit({ type: 'background_error', ...error });
  }

  /** Ends the step. Only the first call has an effect. */
  end(end: StepEnd): void {
    if (this.#state.phase === 'ended') return;
    this.#output.end();
    if (end.error) this.#events.emit({ type: 'error', ...end.error });
    const start = this.#state.phase === 'running' ? this.#state.start : undefined;
    this.#state = { phase: 'ended', start, end, completedAt: this.#timestamp() };
    this.#dropCode();
    this.#events.finish();
    const bytes = summaryBytes + (end.error ? sizeOf(end.error) : 0);
    this.#events.emit({ type: 'step_ended', ...this.summary() }, bytes);
    this.ended.resolve();
  }

  /** Drops all events and wakes the readers. */
  forget(): void {
    this.#events.forget();
  }

  /** Calls `listener` after each new event. @returns a function that removes it. */
  onEvent(listener: () => void): () => void {
    return this.#events.listen(listener);
  }

  summary(): StepSummary {
    const state = this.#state;
    const start = state.phase === 'queued' ? undefined : state.start;
    const end = state.phase === 'ended' ? state.end : undefined;
    return {
      step_id: this.id,
      session_id: this.#sessionId,
      status: this.status,
      execution_count: start?.executionCount ?? null,
      error: end?.error ?? null,
      truncated: this.#output.truncated,
      ...this.#fullOutput(),
      epoch: end?.epoch ?? this.basisEpoch,
      state_lost: end?.stateLost ?? false,
      submitted_at: this.#submittedAt,
      started_at: start?.startedAt ?? null,
      completed_at: state.phase === 'ended' ? state.completedAt : null,
      usage: end?.usage ?? null,
    };
  }

  /** The result so far, or the final one. */
  result(): KeptResult {
    const { step_id, session_id, status, execution_count, ...rest } = this.summary();
    const parts = aggregateResult(this.#events);
    return { step_id, session_id, status, execution_count, ...parts, ...rest };
  }

  /** Where the output is that the result does not show. */
  #fullOutput(): Pick<StepSummary, 'full_output'> {
    const { stdout, stderr } = this.#output.truncated;
    if (!stdout && !stderr) return {};
    const path = `/v1/sessions/${this.#sessionId}/steps/${this.id}/output`;
    return {
      full_output: {
        ...(stdout && { stdout: `${path}/stdout` }),
        ...(stderr && { stderr: `${path}/stderr` }),
      },
    };
  }

  #dropCode(): void {
    if (!this.#code) return;
    const bytes = sizeOf(this.#code);
    this.#code = undefined;
    this.#grow(-bytes);
  }

  #timestamp(): string {
    return isoTime(this.#clock.now());
  }

  #grow(bytes: number): void {
    this.bytes += bytes;
    this.onGrowth(bytes);
  }
}
