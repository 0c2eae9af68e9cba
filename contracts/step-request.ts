import * as z from 'zod';
import {
  boundedText,
  cursorSchema,
  envSchema,
  queryInteger,
  wellFormed,
  withoutNul,
} from './fields.ts';
import { stepIdSchema } from './ids.ts';
import { limits } from './limits.ts';

export const stepRequestSchema = z.strictObject({
  code: boundedText('code', limits.codeBytes).describe('1 MiB of UTF-8 at most'),
  step_id: stepIdSchema
    .optional()
    .describe('yours: the same step sent again joins the first one and never runs twice'),
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
    .describe(
      'what becomes of the step where the client leaves; one that others still read continues. `cancel` takes effect seven seconds later, so that a client can reconnect',
    ),
  wait: z.boolean().default(true).describe('false: 202 at once; follow it by its id'),
});
export type StepRequest = z.infer<typeof stepRequestSchema>;

/**
 * The body that the data-plane sends to the agent: the same, with a new id if the client chose
 * none.
 */
export const forwardedStepSchema = stepRequestSchema.required({ step_id: true });
export type ForwardedStep = z.infer<typeof forwardedStepSchema>;

export const restartRequestSchema = z.strictObject({
  epoch: z.number().int().min(1).optional().describe('restart only if it still is this one'),
});

export const stepListQuerySchema = z.strictObject({
  limit: queryInteger(1, 200).default(50).describe('steps a page'),
  cursor: cursorSchema.optional().describe('`next_cursor` of the page before'),
});

export const stepEventsQuerySchema = z.strictObject({
  after: queryInteger(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('`seq` of the last event that you have'),
});
