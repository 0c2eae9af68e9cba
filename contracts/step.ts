import * as z from 'zod';
import { nextCursorSchema, timeSchema } from './fields.ts';
import { sessionIdSchema, stepIdSchema } from './ids.ts';
import { jsonValueSchema, resultBundleSchema, stepErrorSchema } from './step-output.ts';

export const restartResponseSchema = z.strictObject({ epoch: z.number().int().min(1) });

export const stepStatusSchema = z.enum([
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
]);
export type StepStatus = z.infer<typeof stepStatusSchema>;

const outputStreamSchema = z.enum(['stdout', 'stderr']);
export type OutputStream = z.infer<typeof outputStreamSchema>;

const backgroundSchema = z.strictObject({
  stdout: z.string(),
  stderr: z.string(),
  errors: z.array(stepErrorSchema),
});
export type Background = z.infer<typeof backgroundSchema>;

const usageSchema = z.strictObject({
  duration_ms: z.number().min(0),
  cpu_ms: z.number().min(0),
  max_rss_bytes: z.number().int().min(0),
});
export type Usage = z.infer<typeof usageSchema>;

export const stepResultSchema = z.strictObject({
  step_id: stepIdSchema,
  session_id: sessionIdSchema,
  status: stepStatusSchema,
  execution_count: z
    .number()
    .int()
    .min(1)
    .nullable()
    .describe('of the steps of this epoch; null before it runs'),
  stdout: z.string(),
  stderr: z.string(),
  results: z.array(resultBundleSchema),
  error: stepErrorSchema.nullable(),
  truncated: z
    .strictObject({ stdout: z.boolean(), stderr: z.boolean(), results: z.boolean() })
    .describe('where more came than is kept: of output the head and the tail'),
  full_output: z
    .strictObject({ stdout: z.string().optional(), stderr: z.string().optional() })
    .optional()
    .describe('of a truncated stream: the path that returns all that is kept'),
  background: backgroundSchema
    .nullable()
    .describe('what threads, tasks and children of earlier steps wrote meanwhile'),
  epoch: z.number().int().min(1),
  state_lost: z
    .boolean()
    .describe('true where the interpreter and its memory are gone; `epoch` is the new one'),
  submitted_at: timeSchema,
  started_at: timeSchema.nullable(),
  completed_at: timeSchema.nullable(),
  usage: usageSchema.nullable(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

export const stepListSchema = z.strictObject({
  steps: z.array(stepResultSchema),
  next_cursor: nextCursorSchema,
});

/** The result without the fields that its events have already reported. */
export const stepSummarySchema = stepResultSchema.omit({
  stdout: true,
  stderr: true,
  results: true,
  background: true,
});
export type StepSummary = z.infer<typeof stepSummarySchema>;

const byteCountSchema = z.number().int().min(0);
const eventBase = { seq: z.number().int().min(1), at: timeSchema };

export const stepEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...eventBase,
    type: z.literal('step_started'),
    execution_count: z.number().int().min(1),
  }),
  z.strictObject({ ...eventBase, type: z.literal('stdout'), text: z.string() }),
  z.strictObject({ ...eventBase, type: z.literal('stderr'), text: z.string() }),
  z.object({ ...eventBase, type: z.literal('result') }).catchall(jsonValueSchema),
  z
    .strictObject({ ...eventBase, type: z.literal('clear_output'), wait: z.boolean() })
    .describe(
      'removes the results so far, with `wait` only once the step shows or prints something else',
    ),
  z.strictObject({ ...eventBase, type: z.literal('error'), ...stepErrorSchema.shape }),
  z.strictObject({
    ...eventBase,
    type: z.literal('background'),
    stream: outputStreamSchema,
    text: z.string(),
  }),
  z.strictObject({ ...eventBase, type: z.literal('background_error'), ...stepErrorSchema.shape }),
  z
    .strictObject({
      ...eventBase,
      type: z.literal('output_dropped'),
      stdout_bytes: byteCountSchema,
      stderr_bytes: byteCountSchema,
      first_seq: z.number().int().min(1),
    })
    .describe('stands for events from `first_seq` to `seq` that are no longer kept'),
  z
    .strictObject({
      ...eventBase,
      type: z.literal('background_dropped'),
      stream: outputStreamSchema,
      bytes: byteCountSchema,
    })
    .describe('stands for background output that is no longer kept'),
  z.strictObject({ ...eventBase, type: z.literal('step_ended'), ...stepSummarySchema.shape }),
]);
export type StepEvent = z.infer<typeof stepEventSchema>;

/** Sent only in NDJSON, never replayed and without a `seq`. */
export const keepaliveLineSchema = z.strictObject({ type: z.literal('keepalive') });

/**
 * The last line to a reader of events that is cut off while the step continues: no `seq`, no SSE
 * `id`, never replayed. The reader read nothing for too long (`slow_reader`), or the journal
 * dropped a step that had ended (`forgotten`).
 */
export const cutOffLineSchema = z.strictObject({
  type: z.literal('cut_off'),
  reason: z.enum(['slow_reader', 'forgotten']),
  message: z.string(),
});
export type CutOffLine = z.infer<typeof cutOffLineSchema>;
