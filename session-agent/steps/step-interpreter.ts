import type { OutputStream, Usage } from '@steppe/contracts/step';
import type { StepError } from '@steppe/contracts/step-output';
import type { RawJson } from '../protocol/raw-json.ts';

/** What goes to the interpreter of a step. */
export interface StepCode {
  stepId: string;
  code: string;
  env: Record<string, string>;
  cwd: string | null;
}

/** Takes what a running step gives. */
export interface StepSink {
  output(stream: OutputStream, bytes: Buffer): void;
  display(shown: { bundle: RawJson; is_main_result: boolean; truncated: boolean }): void;
}

/**
 * How a step's run ended. `epoch` is that of the memory that later steps will find, as far as this
 * run tells.
 */
export type RunEnd =
  | {
      kind: 'done';
      status: 'completed' | 'failed' | 'interrupted';
      error: StepError | null;
      usage: Usage;
      epoch: number;
    }
  /** The memory is gone, whether or not any of the step's code ran. */
  | { kind: 'lost'; error: StepError; epoch: number };

/**
 * The interpreter as the queue of steps sees it: it runs one step at a time, and may lose its
 * memory at any moment.
 */
export interface StepInterpreter {
  /** Grows by one with each loss of memory, in the same moment in which `canRun` becomes false. */
  readonly epoch: number;
  readonly canRun: boolean;
  /** Resolves when a step can run, of which `canRun` has the last word; never, once closing. */
  ready(): Promise<void>;
  /**
   * Runs a step to its end; to be called while `canRun`. `onStarted` is called before this returns.
   * Never rejects.
   */
  run(step: StepCode, sink: StepSink, onStarted: (executionCount: number) => void): Promise<RunEnd>;
  /**
   * Interrupts the step if it still runs; memory is kept where the language allows. Harmless twice.
   */
  interrupt(stepId: string): void;
  /** Ends the worker and with it the memory. Resolves when it and its descendants are dead. */
  kill(): Promise<void>;
  /**
   * A kill that also waits for the worker which is just being started: when it resolves `epoch` has
   * grown.
   */
  restart(): Promise<void>;
}
