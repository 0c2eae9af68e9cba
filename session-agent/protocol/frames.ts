import { stepErrorSchema } from '@steppe/contracts/step-output';
import * as z from 'zod';
import { readBundle } from './decode-message.ts';

/*
 * The messages on `agent.sock`. The supervisor of the runtime opens one connection, and each worker
 * one of its own. A worker's messages ultimately come from user code: they are parsed here, and a
 * protocol error kills the worker. Fields that only a newer runtime sends are ignored.
 */

const epoch = z.number().int().min(1);
const pid = z.number().int().min(1);
const stepId = z.string().max(128);
/** Reports one issue at most: zod's own array creates an object for each line that is invalid. */
const lines = z.custom<string[]>(
  (given) => Array.isArray(given) && given.every((line) => typeof line === 'string'),
);
const workerErrorSchema = z.object({ ...stepErrorSchema.shape, traceback: lines });
const bundleSchema = z.instanceof(Buffer).transform((bytes, context) => {
  try {
    return readBundle(bytes);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
    return z.NEVER;
  }
});
/** User code can set the clocks that a worker measures with: a negative number is not an error. */
const measurement = z.number().transform((given) => Math.max(0, given));

/**
 * supervisor → agent. `supervisor` is the first; `exit` is sent only when the worker and all its
 * descendants are dead.
 */
export const supervisorFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('supervisor'),
    language: z.enum(['python', 'node']),
    version: z.string().max(256),
    pid,
  }),
  z.object({ type: z.literal('spawned'), epoch, pid }),
  z.object({
    type: z.literal('exit'),
    epoch,
    code: z.number().int().nullable(),
    signal: z.string().max(32).nullable(),
    /** What the supervisor knows besides code and signal. */
    reason: z.enum(['spawn_failed', 'memory']).nullable(),
    detail: z.string().max(4096),
  }),
  z.object({ type: z.literal('interrupted'), step_id: stepId }),
  /** The memory of the runtime's container, while a worker runs and whenever it has changed. */
  z.object({
    type: z.literal('memory'),
    used_bytes: z.number().int().min(0),
    limit_bytes: z.number().int().min(1),
  }),
]);
export type SupervisorFrame = z.infer<typeof supervisorFrameSchema>;

/**
 * worker → agent. `ready` is the first. Each `run` causes any number of `display` and `clear_output`, then a
 * `done`.
 */
export const workerFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    epoch,
    pid,
    /** How a step is interrupted: by a signal of the supervisor, or by a frame to the worker. */
    interrupt: z.enum(['signal', 'frame']),
  }),
  z.object({
    type: z.literal('display'),
    step_id: stepId,
    bundle: bundleSchema,
    is_main_result: z.boolean(),
    /** The bundle was too large and was reduced to its text. */
    truncated: z.boolean(),
  }),
  /** Removes what was shown before; with `wait`, once something else is shown or printed. */
  z.object({ type: z.literal('clear_output'), step_id: stepId, wait: z.boolean() }),
  z.object({
    type: z.literal('done'),
    step_id: stepId,
    status: z.enum(['completed', 'failed', 'interrupted']),
    error: workerErrorSchema.nullable(),
    usage: z.object({
      duration_ms: measurement,
      cpu_ms: measurement,
      max_rss_bytes: measurement.transform(Math.round),
    }),
  }),
  /** Text that threads, tasks or timers of earlier steps wrote to the language's own streams. */
  z.object({
    type: z.literal('background'),
    stream: z.enum(['stdout', 'stderr']),
    text: z.string(),
  }),
  z.object({
    type: z.literal('bgerror'),
    ...workerErrorSchema.shape,
    /** The step that runs: the error has a place in the order of its output, as a display has. */
    step_id: stepId.optional(),
  }),
  /** Acknowledges `interrupt`: no interrupt for that step follows. */
  z.object({ type: z.literal('interrupted'), step_id: stepId }),
]);
export type WorkerFrame = z.infer<typeof workerFrameSchema>;

/** agent → supervisor. One worker at a time. */
export type SupervisorCommand =
  | { type: 'spawn'; epoch: number; env: Record<string, string>; memory_bytes: number | null }
  | { type: 'interrupt'; epoch: number; step_id: string }
  | { type: 'kill'; epoch: number };

/**
 * agent → worker. `configure` adds lasting variables; `run` may add some for the length of the
 * step.
 */
export type WorkerCommand =
  | { type: 'configure'; env: Record<string, string> }
  | {
      type: 'run';
      step_id: string;
      code: string;
      /** 0 for a step that the session does not know of: nothing must be left of it. */
      execution_count: number;
      env: Record<string, string>;
      cwd: string | null;
      /** 32 hex digits, part of the markers that enclose the step's output on both raw streams. */
      nonce: string;
    }
  | { type: 'interrupt'; step_id: string };
