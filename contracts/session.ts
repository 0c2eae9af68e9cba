import * as z from 'zod';
import { endedReasonSchema, failedReasonSchema } from './end-reason.ts';
import {
  cursorSchema,
  envSchema,
  metadataPatchSchema,
  metadataSchema,
  nextCursorSchema,
  queryInteger,
  resourcesSchema,
  timeSchema,
} from './fields.ts';
import { instanceIdSchema, sessionIdSchema, tenantIdSchema } from './ids.ts';
import { limits } from './limits.ts';

export const sessionStateSchema = z.enum(['provisioning', 'ready', 'ended', 'failed']);
export type SessionState = z.infer<typeof sessionStateSchema>;

const { leastResources: least } = limits;
const seconds = z.number().int().min(1).max(31_536_000);

/** The operator sets its maximum: the error names that one alone. */
const ttlSeconds = z.number().int().min(1);

export const createSessionSchema = z.strictObject({
  runtime: z
    .string()
    .min(1)
    .max(64)
    .default('python')
    .describe('a name of `GET /v1/runtimes`, or an alias such as `py` or `ts`'),
  ttl_seconds: ttlSeconds
    .default(limits.defaultTtlSeconds)
    .describe('life from now on; the operator sets a maximum'),
  idle_timeout_seconds: seconds
    .default(limits.defaultIdleTimeoutSeconds)
    .describe('life without a step, a file call, a restart or a cancel'),
  env: envSchema.default({}).describe('environment of the interpreter, 256 KiB at most'),
  resources: resourcesSchema
    .partial()
    .default({})
    .describe(
      `Kubernetes quantities, each at least cpu ${least.cpu}, memory ${least.memory}, ephemeral_storage ${least.ephemeral_storage}; absent ones are the runtime’s default`,
    ),
  metadata: metadataSchema
    .default({})
    .describe('yours, to find sessions by, names and values 16 KiB at most in all'),
});
export type CreateSession = z.infer<typeof createSessionSchema>;

export const patchSessionSchema = z.strictObject({
  ttl_seconds: ttlSeconds
    .optional()
    .describe(
      'counted from this call; ends no later than the maximum after the session became ready',
    ),
  idle_timeout_seconds: seconds.optional(),
  metadata: metadataPatchSchema
    .optional()
    .describe('merged into what is there, 16 KiB at most in all; `null` removes a key'),
});
export type PatchSession = z.infer<typeof patchSessionSchema>;

/** `metadata.<key>` parameters are removed before this schema parses the query. */
export const listSessionsQuerySchema = z.strictObject({
  limit: queryInteger(1, 200).default(50).describe('sessions a page'),
  cursor: cursorSchema.optional().describe('`next_cursor` of the page before'),
  state: sessionStateSchema.optional().describe('only sessions in this state'),
});

export const sessionSchema = z.strictObject({
  session_id: sessionIdSchema,
  tenant_id: tenantIdSchema,
  runtime: z.string(),
  state: sessionStateSchema,
  epoch: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'grows by one each time the interpreter’s memory is lost; absent in lists, and when the agent does not respond',
    ),
  instance_id: instanceIdSchema.nullable().describe('the process that serves it'),
  created_at: timeSchema,
  ready_at: timeSchema.nullable(),
  last_active_at: timeSchema
    .optional()
    .describe('absent in lists, and when the agent does not respond'),
  expires_at: timeSchema,
  idle_timeout_seconds: z.number().int(),
  metadata: metadataSchema,
  resources: resourcesSchema,
  ended_at: timeSchema.optional(),
  end_reason: z
    .union([endedReasonSchema, failedReasonSchema])
    .optional()
    .describe('why it is `ended` or `failed`'),
  end_detail: z
    .string()
    .optional()
    .describe('what is known beyond that: exit code, signal, last output'),
});
export type Session = z.infer<typeof sessionSchema>;

export const sessionListSchema = z.strictObject({
  sessions: z.array(sessionSchema),
  next_cursor: nextCursorSchema,
});

export const languageSchema = z.enum(['python', 'node']);
export type Language = z.infer<typeof languageSchema>;

export const runtimeSchema = z.strictObject({
  name: z.string(),
  language: languageSchema,
  default_resources: resourcesSchema,
  max_resources: resourcesSchema,
});
export type Runtime = z.infer<typeof runtimeSchema>;

export const runtimeListSchema = z.strictObject({ runtimes: z.array(runtimeSchema) });
