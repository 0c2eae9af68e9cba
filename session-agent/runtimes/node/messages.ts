import type { WorkerCommand, WorkerFrame } from '../../protocol/frames.ts';
import type { RewrittenStep } from './rewrite/rewrite-step.ts';

/** An error as frames carry it. */
export type StepError = { name: string; message: string; traceback: string[] };

export type RunCommand = Extract<WorkerCommand, { type: 'run' }>;

/** A step as the main thread receives it: parsed and rewritten, or with its syntax error. */
export type PreparedStep = Omit<RunCommand, 'type' | 'code'> & {
  program: RewrittenStep | null;
  syntaxError: StepError | null;
};

/** control thread → main thread */
export type ToMain =
  | { type: 'configure'; env: Record<string, string> }
  | { type: 'run'; step: PreparedStep }
  /**
   * Ends the step as interrupted if it still runs. Sent first as a request, and again after its
   * code was terminated.
   */
  | { type: 'abandon'; step: StepKey };

/**
 * The nonce is needed for the markers of a step that never began: a termination can hit the handler
 * of the message that starts it.
 */
export type StepKey = Pick<RunCommand, 'step_id' | 'nonce'>;

/** main thread → control thread. `weight` is the number of bytes that it adds to the load. */
export type ToControl = { frame: WorkerFrame; weight: number };

export type ControlData = {
  socketPath: string;
  epoch: number;
  gate: SharedArrayBuffer;
  load: SharedArrayBuffer;
};
