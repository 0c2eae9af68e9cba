import type { OutputStream, Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { RawJson } from '../protocol/raw-json.ts';

/** The part of a step that the interpreter gets. */
export interface StepCode {
  stepId: string;
  code: string;
  env: Record<string, string>;
  cwd: string | null;
}

/** Receives the output of the running step. */
export interface StepSink {
  output(stream: OutputStream, bytes: Buffer): void;
  display(shown: { bundle: RawJson; is_main_result: boolean; truncated: boolean }): void;
  clearOutput(wait: boolean): void;
}

/** Receives output that belongs to no running step. */
export interface BackgroundSink {
  bytes(stream: OutputStream, bytes: Buffer): void;
  text(stream: OutputStream, text: string): void;
  error(error: StepError): void;
}

/** How a step's run ended. `epoch` identifies the memory that later steps use. */
export type RunEnd =
  | {
      kind: 'done';
      status: 'completed' | 'failed' | 'interrupted';
      error: StepError | null;
      usage: Usage;
      epoch: number;
    }
  /** The memory is lost, whether or not any of the step's code ran. */
  | { kind: 'lost'; error: StepError; epoch: number };

/**
 * The interpreter as the step queue sees it: it runs one step at a time, and may lose its memory at
 * any moment.
 */
export interface StepInterpreter {
  /** Grows by one with each loss of memory, when `canRun` becomes false. */
  readonly epoch: number;
  readonly canRun: boolean;
  /** Resolves when a step can run; check `canRun` then. Never resolves once it is closing. */
  ready(): Promise<void>;
  /**
   * Runs a step to its end; may be called only while `canRun`. Calls `onStarted` before it returns.
   * Never rejects.
   */
  run(step: StepCode, sink: StepSink, onStarted: (executionCount: number) => void): Promise<RunEnd>;
  /**
   * Interrupts the step if it still runs. The memory is kept if the language allows it. A second
   * call interrupts what the code does after the first, as a second Ctrl-C does.
   */
  interrupt(stepId: string): void;
  /** Ends the worker and its memory. Resolves when it and its descendants are dead. */
  kill(): Promise<void>;
  /**
   * Kills the worker, also one that is just starting. `epoch` has grown when it resolves.
   */
  restart(): Promise<void>;
}
