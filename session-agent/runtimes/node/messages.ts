import type { WorkerCommand, WorkerFrame } from '../../protocol/frames.ts';
import type { RewrittenStep } from './rewrite/rewrite-step.ts';

/** What a traceback is to a frame. */
export type StepError = { name: string; message: string; traceback: string[] };

export type RunCommand = Extract<WorkerCommand, { type: 'run' }>;

/** A step as the main thread gets it: read and rewritten, or found to be wrong. */
export type PreparedStep = Omit<RunCommand, 'type' | 'code'> & {
  program: RewrittenStep | null;
  syntaxError: StepError | null;
};

/** control thread → main thread */
export type ToMain =
  | { type: 'configure'; env: Record<string, string> }
  | { type: 'run'; step: PreparedStep }
  /**
   * Give the step up if it is still under way: first as a request, at the end as the news that its
   * code was terminated.
   */
  | { type: 'abandon'; step: StepKey };

/**
 * The nonce is for the markers of a step that never began: a termination can hit the very message
 * that was to begin it.
 */
export type StepKey = Pick<RunCommand, 'step_id' | 'nonce'>;

/** main thread → control thread. `weight` is what the message adds to the outbox's load. */
export type ToControl = { frame: WorkerFrame; weight: number };

export type ControlData = {
  socketPath: string;
  epoch: number;
  gate: SharedArrayBuffer;
  load: SharedArrayBuffer;
};
