import type { SessionId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import type {
  Background,
  ForwardedStep,
  OutputStream,
  ResultBundle,
  StepError,
  StepEvent,
  StepResult,
  StepStatus,
  StepSummary,
  Usage,
} from '@steppe/contracts/step';
import type { AppError } from '@steppe/service-kit/app-error';
import { deferred } from '../deferred.ts';
import { OutputWindow } from './output-window.ts';

/** An event before its place in the order and its time are known. */
type Unnumbered<E> = E extends unknown ? Omit<E, 'seq' | 'at'> : never;

export interface StepEnd {
  status: Exclude<StepStatus, 'queued' | 'running'>;
  error: StepError | null;
  usage: Usage | null;
  epoch: number;
  stateLost: boolean;
  /** Set where the step was never run: who has not begun to answer answers with this. */
  refusal?: AppError;
}

/** Why the agent ends a step before its time. */
export type StopReason = 'timeout' | 'cancel' | 'restart' | 'session_end';

/** One step from its submission to its end: its events, in order and without gaps, and the result that they add up to. */
export class Step {
  readonly request: ForwardedStep;
  readonly requestHash: string;
  readonly events: StepEvent[] = [];
  status: StepStatus = 'queued';
  refusal: AppError | undefined;
  stopReason: StopReason | undefined;
  /** Resolves with the last event. */
  readonly ended = deferred();
  readonly #sessionId: SessionId;
  readonly #submittedAt = new Date().toISOString();
  readonly #streams: Record<OutputStream, OutputWindow>;
  readonly #listeners = new Set<() => void>();
  #startedAt: string | null = null;
  #completedAt: string | null = null;
  #executionCount: number | null = null;
  #epoch: number;
  #end: StepEnd | undefined;
  #resultBytes = 0;
  #resultsTruncated = false;

  constructor(request: ForwardedStep, requestHash: string, sessionId: SessionId, epoch: number) {
    this.request = request;
    this.requestHash = requestHash;
    this.#sessionId = sessionId;
    this.#epoch = epoch;
    this.#streams = {
      stdout: new OutputWindow((text) => this.#emit({ type: 'stdout', text })),
      stderr: new OutputWindow((text) => this.#emit({ type: 'stderr', text })),
    };
  }

  started(executionCount: number, epoch: number): void {
    this.status = 'running';
    this.#executionCount = executionCount;
    this.#epoch = epoch;
    this.#startedAt = new Date().toISOString();
    this.#emit({ type: 'step_started', execution_count: executionCount });
  }

  output(stream: OutputStream, bytes: Buffer): void {
    this.#streams[stream].push(bytes);
  }

  /** @param truncated the driver had to cut the bundle down to its text. */
  display(bundle: ResultBundle, isMainResult: boolean, truncated: boolean): void {
    this.#flush();
    this.#resultsTruncated ||= truncated;
    const bytes = Buffer.byteLength(JSON.stringify(bundle));
    if (this.#resultBytes + bytes > limits.resultBytesPerStep) {
      this.#resultsTruncated = true;
      return;
    }
    this.#resultBytes += bytes;
    this.#emit({ type: 'result', ...bundle, ...(isMainResult && { is_main_result: true }) });
  }

  background(stream: OutputStream, text: string): void {
    this.#emit({ type: 'background', stream, text });
  }

  backgroundError(error: StepError): void {
    this.#emit({ type: 'background_error', ...error });
  }

  end(end: StepEnd): void {
    if (this.#end) return;
    for (const stream of Object.values(this.#streams)) stream.end();
    if (end.error) this.#emit({ type: 'error', ...end.error });
    this.#end = end;
    this.#epoch = end.epoch;
    this.status = end.status;
    this.refusal = end.refusal;
    this.#completedAt = new Date().toISOString();
    this.#emit({ type: 'step_ended', ...this.summary() });
    this.ended.resolve();
  }

  /** Calls `listener` after each new event. @returns how to stop. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  summary(): StepSummary {
    const dropped = (stream: OutputStream) => this.#streams[stream].droppedBytes > 0;
    return {
      step_id: this.request.step_id,
      session_id: this.#sessionId,
      status: this.status,
      execution_count: this.#executionCount,
      error: this.#end?.error ?? null,
      truncated: { stdout: dropped('stdout'), stderr: dropped('stderr'), results: this.#resultsTruncated },
      epoch: this.#epoch,
      state_lost: this.#end?.stateLost ?? false,
      submitted_at: this.#submittedAt,
      started_at: this.#startedAt,
      completed_at: this.#completedAt,
      usage: this.#end?.usage ?? null,
    };
  }

  /** The result so far, or the final one. */
  result(): StepResult {
    const { step_id, session_id, status, execution_count, ...rest } = this.summary();
    return { step_id, session_id, status, execution_count, ...addUp(this.events), ...rest };
  }

  #flush(): void {
    for (const stream of Object.values(this.#streams)) stream.flush();
  }

  #emit(event: Unnumbered<StepEvent>): void {
    const numbered = { ...event, seq: this.events.length + 1, at: new Date().toISOString() } as StepEvent;
    this.events.push(numbered);
    for (const listener of this.#listeners) listener();
  }
}

/** What the events say, in the form of a result. */
function addUp(events: readonly StepEvent[]): Pick<StepResult, 'stdout' | 'stderr' | 'results' | 'background'> {
  const text: Record<OutputStream, string> = { stdout: '', stderr: '' };
  const results: ResultBundle[] = [];
  let background: Background | null = null;
  for (const event of events) {
    if (event.type === 'stdout' || event.type === 'stderr') text[event.type] += event.text;
    else if (event.type === 'result') results.push(bundleOf(event));
    else if (event.type === 'background') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background[event.stream] += event.text;
    } else if (event.type === 'background_error') {
      background ??= { stdout: '', stderr: '', errors: [] };
      background.errors.push({ name: event.name, message: event.message, traceback: event.traceback });
    }
  }
  return { ...text, results, background };
}

function bundleOf({ type: _type, seq: _seq, at: _at, ...bundle }: Extract<StepEvent, { type: 'result' }>): ResultBundle {
  return bundle;
}
