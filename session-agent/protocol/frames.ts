import { stepErrorSchema } from '@steppe/contracts/step-output';
import * as z from 'zod';
import { readBundle } from './read-bundle.ts';

export { endMarker, startMarker } from './markers.ts';

/**
 * The messages on `agent.sock`. A frame is a big-endian 32-bit length and that many bytes of UTF-8:
 * a line of JSON and, for a `display`, the bundle's JSON text on a second line, without white space
 * between its tokens. The supervisor of the runtime opens one connection, each worker one of its
 * own. Whatever comes from a worker comes, in the end, from user code: it is parsed here, and a
 * protocol error kills the worker. What only a newer runtime says is ignored.
 */
export const maxFrameBytes = 8 * 1024 * 1024;

const epoch = z.number().int().min(1);
const pid = z.number().int().min(1);
const stepId = z.string().max(128);
/** One issue at most, however many lines are none: zod's own array makes an object of each. */
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
/**
 * A worker counts with clocks that user code can reach: one that runs backwards is not a protocol
 * error.
 */
const figure = z.number().transform((given) => Math.max(0, given));

/**
 * supervisor → agent. `supervisor` comes first; `exit` only when the worker and all its descendants
 * are dead.
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
    /**
     * What the supervisor knows beside code and signal: why a start failed, that memory ran out.
     */
    reason: z.enum(['spawn_failed', 'memory']).nullable(),
    detail: z.string().max(4096),
  }),
  z.object({ type: z.literal('interrupted'), step_id: stepId }),
]);
export type SupervisorFrame = z.infer<typeof supervisorFrameSchema>;

/** worker → agent. `ready` comes first; for one `run`: any number of `display`, then one `done`. */
export const workerFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    epoch,
    pid,
    /**
     * Who interrupts: the supervisor, that sends a signal, or the worker itself, by a
     * frame.
     */
    interrupt: z.enum(['signal', 'frame']),
  }),
  z.object({
    type: z.literal('display'),
    step_id: stepId,
    bundle: bundleSchema,
    is_main_result: z.boolean(),
    /** A larger bundle was cut down to its text. */
    truncated: z.boolean(),
  }),
  z.object({
    type: z.literal('done'),
    step_id: stepId,
    status: z.enum(['completed', 'failed', 'interrupted']),
    error: workerErrorSchema.nullable(),
    usage: z.object({
      duration_ms: figure,
      cpu_ms: figure,
      max_rss_bytes: figure.transform(Math.round),
    }),
  }),
  /**
   * Text that threads, tasks or timers of earlier steps wrote through the language's own streams.
   */
  z.object({
    type: z.literal('background'),
    stream: z.enum(['stdout', 'stderr']),
    text: z.string(),
  }),
  z.object({ type: z.literal('bgerror'), ...workerErrorSchema.shape }),
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
      execution_count: number;
      env: Record<string, string>;
      cwd: string | null;
      /** 32 hex digits, written between markers on both raw streams before and after user code. */
      nonce: string;
    }
  | { type: 'interrupt'; step_id: string };
