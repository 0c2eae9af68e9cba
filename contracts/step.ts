import * as z from 'zod';
import {
  boundedText,
  cursorSchema,
  envSchema,
  nextCursorSchema,
  queryInteger,
  timeSchema,
  wellFormed,
  withoutNul,
} from './fields.ts';
import { sessionIdSchema, stepIdSchema } from './ids.ts';
import { limits } from './limits.ts';

export const stepRequestSchema = z.strictObject({
  code: boundedText('code', limits.codeBytes).describe('1 MiB of UTF-8 at most'),
  step_id: stepIdSchema.optional().describe('yours: the same step sent again joins the first one and never runs twice'),
  timeout_ms: z
    .number()
    .int()
    .min(1)
    .max(limits.maxTimeoutMs)
    .default(limits.defaultTimeoutMs)
    .describe('of running, not of waiting'),
  epoch: z.number().int().min(1).optional().describe('run only in the memory of this epoch'),
  env: envSchema.default({}).describe('for this step alone, 256 KiB at most'),
  cwd: z
    .string()
    .min(1)
    .max(4096)
    .refine((cwd) => !cwd.includes('\0'), 'cwd may not contain NUL')
    .refine(...wellFormed)
    .meta(withoutNul)
    .optional()
    .describe('working directory: absolute, or relative to the workspace'),
  on_disconnect: z
    .enum(['continue', 'cancel'])
    .default('continue')
    .describe('what becomes of the step where the client leaves; one that others still read goes on'),
  wait: z.boolean().default(true).describe('false: 202 at once; follow it by its id'),
});
export type StepRequest = z.infer<typeof stepRequestSchema>;

/** What travels from the data-plane to the agent: the same, with the id minted where the client chose none. */
export const forwardedStepSchema = stepRequestSchema.required({ step_id: true });
export type ForwardedStep = z.infer<typeof forwardedStepSchema>;

export const restartRequestSchema = z.strictObject({
  epoch: z.number().int().min(1).optional().describe('restart only if it still is this one'),
});
export const restartAnswerSchema = z.strictObject({ epoch: z.number().int().min(1) });

export const stepStatusSchema = z.enum(['queued', 'running', 'completed', 'failed', 'cancelled', 'timed_out']);
export type StepStatus = z.infer<typeof stepStatusSchema>;

export const stepErrorSchema = z.strictObject({ name: z.string(), message: z.string(), traceback: z.array(z.string()) });
export type StepError = z.infer<typeof stepErrorSchema>;

export const jsonValueSchema = z.json();

/** A MIME bundle: text as text, binary in base64, application/json as JSON; keys without a `/` are about the bundle. */
export const resultBundleSchema = z.record(z.string(), jsonValueSchema);
export type ResultBundle = z.infer<typeof resultBundleSchema>;

const outputStreamSchema = z.enum(['stdout', 'stderr']);
export type OutputStream = z.infer<typeof outputStreamSchema>;

const backgroundSchema = z.strictObject({ stdout: z.string(), stderr: z.string(), errors: z.array(stepErrorSchema) });
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
  execution_count: z.number().int().min(1).nullable().describe('of the steps of this epoch; null before it runs'),
  stdout: z.string(),
  stderr: z.string(),
  results: z.array(resultBundleSchema),
  error: stepErrorSchema.nullable(),
  truncated: z
    .strictObject({ stdout: z.boolean(), stderr: z.boolean(), results: z.boolean() })
    .describe('where more came than is kept: of output the head and the tail'),
  background: backgroundSchema.nullable().describe('what threads, tasks and children of earlier steps wrote meanwhile'),
  epoch: z.number().int().min(1),
  state_lost: z.boolean().describe('true where the interpreter and its memory are gone; `epoch` is the new one'),
  submitted_at: timeSchema,
  started_at: timeSchema.nullable(),
  completed_at: timeSchema.nullable(),
  usage: usageSchema.nullable(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

export const stepListQuerySchema = z.strictObject({
  limit: queryInteger(1, 200).default(50).describe('steps a page'),
  cursor: cursorSchema.optional().describe('`next_cursor` of the page before'),
});
export const stepListSchema = z.strictObject({ steps: z.array(stepResultSchema), next_cursor: nextCursorSchema });

export const stepEventsQuerySchema = z.strictObject({
  after: queryInteger(0, Number.MAX_SAFE_INTEGER).optional().describe('`seq` of the last event that you have'),
});

/** The result without what the events before it have already said. */
export const stepSummarySchema = stepResultSchema.omit({ stdout: true, stderr: true, results: true, background: true });
export type StepSummary = z.infer<typeof stepSummarySchema>;

const eventBase = { seq: z.number().int().min(1), at: timeSchema };

export const stepEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...eventBase, type: z.literal('step_started'), execution_count: z.number().int().min(1) }),
  z.strictObject({ ...eventBase, type: z.literal('stdout'), text: z.string() }),
  z.strictObject({ ...eventBase, type: z.literal('stderr'), text: z.string() }),
  z.object({ ...eventBase, type: z.literal('result') }).catchall(jsonValueSchema),
  z.strictObject({ ...eventBase, type: z.literal('error'), ...stepErrorSchema.shape }),
  z.strictObject({ ...eventBase, type: z.literal('background'), stream: outputStreamSchema, text: z.string() }),
  z.strictObject({ ...eventBase, type: z.literal('background_error'), ...stepErrorSchema.shape }),
  z.strictObject({ ...eventBase, type: z.literal('step_ended'), ...stepSummarySchema.shape }),
]);
export type StepEvent = z.infer<typeof stepEventSchema>;

/** NDJSON only, never replayed and without a seq. */
export const keepaliveLineSchema = z.strictObject({ type: z.literal('keepalive') });

/**
 * The last word to a reader of events that is cut off while the step goes on: no `seq`, no SSE `id`, never replayed. It took
 * nothing for too long (`slow_reader`), or the journal let go of a step that had ended (`forgotten`).
 */
export const cutOffLineSchema = z.strictObject({
  type: z.literal('cut_off'),
  reason: z.enum(['slow_reader', 'forgotten']),
  message: z.string(),
});
export type CutOffLine = z.infer<typeof cutOffLineSchema>;
