import { z } from 'zod';
import { boundedText, cursorSchema, envSchema, queryInteger, timeSchema } from './fields.ts';
import { sessionIdSchema, stepIdSchema } from './ids.ts';
import { limits } from './limits.ts';

export const stepRequestSchema = z.strictObject({
  code: boundedText('code', limits.codeBytes),
  step_id: stepIdSchema.optional(),
  timeout_ms: z.number().int().min(1).max(limits.maxTimeoutMs).default(limits.defaultTimeoutMs),
  epoch: z.number().int().min(1).optional(),
  env: envSchema.default({}),
  cwd: z
    .string()
    .min(1)
    .max(4096)
    .refine((cwd) => !cwd.includes('\0'), 'cwd may not contain NUL')
    .optional(),
  on_disconnect: z.enum(['continue', 'cancel']).default('continue'),
  wait: z.boolean().default(true),
});
export type StepRequest = z.infer<typeof stepRequestSchema>;

/** What travels from the data-plane to the agent: the same, with the id minted where the client chose none. */
export const forwardedStepSchema = stepRequestSchema.required({ step_id: true });
export type ForwardedStep = z.infer<typeof forwardedStepSchema>;

export const restartRequestSchema = z.strictObject({ epoch: z.number().int().min(1).optional() });
export const restartAnswerSchema = z.strictObject({ epoch: z.number().int().min(1) });

export const stepStatusSchema = z.enum(['queued', 'running', 'completed', 'failed', 'cancelled', 'timed_out']);
export type StepStatus = z.infer<typeof stepStatusSchema>;

export const stepErrorSchema = z.strictObject({ name: z.string(), message: z.string(), traceback: z.array(z.string()) });
export type StepError = z.infer<typeof stepErrorSchema>;

/** A MIME bundle: text as text, binary in base64, application/json as JSON; keys without a `/` are about the bundle. */
export const resultBundleSchema = z.record(z.string(), z.json());
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
  execution_count: z.number().int().min(1).nullable(),
  stdout: z.string(),
  stderr: z.string(),
  results: z.array(resultBundleSchema),
  error: stepErrorSchema.nullable(),
  truncated: z.strictObject({ stdout: z.boolean(), stderr: z.boolean(), results: z.boolean() }),
  background: backgroundSchema.nullable(),
  epoch: z.number().int().min(1),
  state_lost: z.boolean(),
  submitted_at: timeSchema,
  started_at: timeSchema.nullable(),
  completed_at: timeSchema.nullable(),
  usage: usageSchema.nullable(),
});
export type StepResult = z.infer<typeof stepResultSchema>;

export const stepListQuerySchema = z.strictObject({
  limit: queryInteger(1, 200).default(50),
  cursor: cursorSchema.optional(),
});
export const stepListSchema = z.strictObject({ steps: z.array(stepResultSchema), next_cursor: z.string().nullable() });

export const stepEventsQuerySchema = z.strictObject({ after: queryInteger(0, Number.MAX_SAFE_INTEGER).optional() });

/** The result without what the events before it have already said. */
export const stepSummarySchema = stepResultSchema.omit({ stdout: true, stderr: true, results: true, background: true });
export type StepSummary = z.infer<typeof stepSummarySchema>;

const eventBase = { seq: z.number().int().min(1), at: timeSchema };

export const stepEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...eventBase, type: z.literal('step_started'), execution_count: z.number().int().min(1) }),
  z.strictObject({ ...eventBase, type: z.literal('stdout'), text: z.string() }),
  z.strictObject({ ...eventBase, type: z.literal('stderr'), text: z.string() }),
  z.object({ ...eventBase, type: z.literal('result') }).catchall(z.json()),
  z.strictObject({ ...eventBase, type: z.literal('error'), ...stepErrorSchema.shape }),
  z.strictObject({ ...eventBase, type: z.literal('background'), stream: outputStreamSchema, text: z.string() }),
  z.strictObject({ ...eventBase, type: z.literal('background_error'), ...stepErrorSchema.shape }),
  z.strictObject({ ...eventBase, type: z.literal('step_ended'), ...stepSummarySchema.shape }),
]);
export type StepEvent = z.infer<typeof stepEventSchema>;

/** NDJSON only, never replayed and without a seq. */
export const keepaliveLineSchema = z.strictObject({ type: z.literal('keepalive') });
