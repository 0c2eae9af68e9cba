import type { SessionId, StepId } from '@steppe/contracts/ids';
import type { OutputStream, StepStatus, StepSummary, Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { ForwardedStep } from '@steppe/contracts/step-request';
import type { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { deferred } from '../deferred.ts';
import type { StepCode } from '../interpreter/step-interpreter.ts';
import { asRawJson, mergeObjects, type RawJson } from '../protocol/raw-json.ts';
import { aggregateResult } from './aggregate-result.ts';
import type { KeptEvent } from './kept-event.ts';
import type { KeptResult } from './kept-result.ts';
import { OutputWindow } from './output-window.ts';
import { contractLimits, type StepLimits } from './step-limits.ts';
import { Subscribers } from './subscribers.ts';

/** An event before it gets its number and its time. */
type Unnumbered<E> = E extends unknown ? Omit<E, 'seq' | 'at'> : never;

export interface StepEnd {
  status: Exclude<StepStatus, 'queued' | 'running'>;
  error: StepError | null;
  usage: Usage | null;
  epoch: number;
  stateLost: boolean;
  /** Set if the step never ran: the response carries this error if it has not begun. */
  refusal?: AppError;
}

/** Why the agent stops a step. */
export type StopReason = 'timeout' | 'cancel' | 'restart' | 'session_end';

interface StepOrigin {
  requestHash: string;
  sessionId: SessionId;
  /** The epoch of the memory that its sender relies on. */
  epoch: number;
  clock: Clock;
  limits?: StepLimits;
}

const mainResult = asRawJson('{"is_main_result":true}');
/** The cost of an event besides its text. */
const eventBytes = 200;

/**
 * One step from its submission to its end: its events, numbered without gaps, and the result that
 * they add up to.
 */
export class Step {
  readonly id: StepId;
  readonly requestHash: string;
  readonly timeoutMs: number;
  readonly basisEpoch: number;
  readonly subscribers: Subscribers;
  readonly events: KeptEvent[] = [];
  status: StepStatus = 'queued';
  refusal: AppError | undefined;
  stopReason: StopReason | undefined;
  /** The journal has dropped its events. */
  forgotten = false;
  /** Roughly the memory that it takes; `onGrowth` is called for each change. */
  bytes = 0;
  onGrowth: (bytes: number) => void = () => {};
  /** Resolves with the last event. */
  readonly ended = deferred();
  readonly #limits: StepLimits;
  readonly #sessionId: SessionId;
  readonly #clock: Clock;
  readonly #submittedAt: string;
  readonly #streams: Record<OutputStream, OutputWindow>;
  readonly #listeners = new Set<() => void>();
  #code: StepCode | undefined;
  #startedAt: string | null = null;
  #completedAt: string | null = null;
  #executionCount: number | null = null;
  #epoch: number;
  #end: StepEnd | undefined;
  #resultBytes = 0;
  #resultsTruncated = false;

  constructor(
    request: ForwardedStep,
    { requestHash, sessionId, epoch, clock, limits = contractLimits }: StepOrigin,
  ) {
    const { step_id, code, env, cwd = null, timeout_ms } = request;
    this.id = step_id;
    this.requestHash = requestHash;
    this.timeoutMs = timeout_ms;
    this.basisEpoch = epoch;
    this.#code = { stepId: step_id, code, env, cwd };
    this.#clock = clock;
    this.#submittedAt = this.#timestamp();
    this.subscribers = new Subscribers(clock);
    this.#limits = limits;
    this.#sessionId = sessionId;
    this.#epoch = epoch;
    this.bytes = sizeOf(this.#code);
    const { outputBytesPerStream } = limits;
    this.#streams = {
      stdout: new OutputWindow(outputBytesPerStream, clock, (text) =>
        this.#emit({ type: 'stdout', text }),
      ),
      stderr: new OutputWindow(outputBytesPerStream, clock, (text) =>
        this.#emit({ type: 'stderr', text }),
      ),
    };
  }

  /** Returns the code to run, once, and drops it. */
  takeCode(): StepCode {
    const code = this.#code;
    if (!code) throw new Error(`the step ${this.id} has run before`);
    this.#dropCode();
    return code;
  }

  started(executionCount: number): void {
    this.status = 'running';
    this.#executionCount = executionCount;
    this.#startedAt = this.#timestamp();
    this.#emit({ type: 'step_started', execution_count: executionCount });
  }

  output(stream: OutputStream, bytes: Buffer): void {
    if (!this.#end) this.#streams[stream].push(bytes);
  }

  /** @param truncated the driver had to cut the bundle down to its text. */
  display(bundle: RawJson, isMainResult: boolean, truncated: boolean): void {
    if (this.#end) return;
    for (const stream of Object.values(this.#streams)) stream.flush();
    this.#resultsTruncated ||= truncated;
    const bytes = Buffer.byteLength(bundle);
    if (this.#resultBytes + bytes > this.#limits.resultBytes) {
      this.#resultsTruncated = true;
      return;
    }
    this.#resultBytes += bytes;
    this.#emit(
      { type: 'result', bundle: isMainResult ? mergeObjects(bundle, mainResult) : bundle },
      bytes,
    );
  }

  background(stream: OutputStream, text: string): void {
    if (!this.#end) this.#emit({ type: 'background', stream, text });
  }

  backgroundError(error: StepError): void {
    if (!this.#end) this.#emit({ type: 'background_error', ...error });
  }

  /** Ends the step. Only the first call has an effect. */
  end(end: StepEnd): void {
    if (this.#end) return;
    for (const stream of Object.values(this.#streams)) stream.end();
    if (end.error) this.#emit({ type: 'error', ...end.error });
    this.#end = end;
    this.#epoch = end.epoch;
    this.status = end.status;
    this.refusal = end.refusal;
    this.#completedAt = this.#timestamp();
    this.#dropCode();
    this.#emit({ type: 'step_ended', ...this.summary() });
    this.ended.resolve();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Drops all events and wakes the readers. */
  forget(): void {
    this.forgotten = true;
    this.events.length = 0;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each new event. @returns a function that removes it. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  summary(): StepSummary {
    const dropped = (stream: OutputStream) => this.#streams[stream].droppedBytes > 0;
    return {
      step_id: this.id,
      session_id: this.#sessionId,
      status: this.status,
      execution_count: this.#executionCount,
      error: this.#end?.error ?? null,
      truncated: {
        stdout: dropped('stdout'),
        stderr: dropped('stderr'),
        results: this.#resultsTruncated,
      },
      epoch: this.#epoch,
      state_lost: this.#end?.stateLost ?? false,
      submitted_at: this.#submittedAt,
      started_at: this.#startedAt,
      completed_at: this.#completedAt,
      usage: this.#end?.usage ?? null,
    };
  }

  /** The result so far, or the final one. */
  result(): KeptResult {
    const { step_id, session_id, status, execution_count, ...rest } = this.summary();
    return {
      step_id,
      session_id,
      status,
      execution_count,
      ...aggregateResult(this.events),
      ...rest,
    };
  }

  #dropCode(): void {
    if (!this.#code) return;
    const bytes = sizeOf(this.#code);
    this.#code = undefined;
    this.#grow(-bytes);
  }

  #emit(event: Unnumbered<KeptEvent>, bytes = sizeOf(event)): void {
    // The number and the time are all that an unnumbered event lacks.
    const numbered = {
      ...event,
      seq: this.events.length + 1,
      at: this.#timestamp(),
    } as KeptEvent;
    this.events.push(numbered);
    this.#grow(bytes + eventBytes);
    for (const listener of this.#listeners) listener();
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #grow(bytes: number): void {
    this.bytes += bytes;
    this.onGrowth(bytes);
  }
}

/** The bytes of an object's strings, which are the only large part. */
function sizeOf(value: object): number {
  let bytes = 0;
  for (const field of Object.values(value)) {
    if (typeof field === 'string') bytes += Buffer.byteLength(field);
    else if (typeof field === 'object' && field !== null) bytes += sizeOf(field);
  }
  return bytes;
}
