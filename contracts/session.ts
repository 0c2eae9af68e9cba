import { z } from 'zod';
import {
  cursorSchema,
  envSchema,
  metadataPatchSchema,
  metadataSchema,
  queryInteger,
  resourcesSchema,
  timeSchema,
} from './fields.ts';
import { instanceIdSchema, sessionIdSchema, tenantIdSchema } from './ids.ts';
import { limits } from './limits.ts';

export const sessionStateSchema = z.enum(['provisioning', 'ready', 'ended', 'failed']);
export type SessionState = z.infer<typeof sessionStateSchema>;

export const failedReasonSchema = z.enum(['provisioning_timeout', 'crashed', 'quota']);
export const endedReasonSchema = z.enum(['deleted', 'expired', 'idle', 'oom_killed', 'evicted', 'node_lost', 'crashed']);
export type EndedReason = z.infer<typeof endedReasonSchema>;

const seconds = z.number().int().min(1).max(31_536_000);

export const createSessionSchema = z.strictObject({
  runtime: z.string().min(1).max(64).default('python'),
  ttl_seconds: seconds.default(limits.defaultTtlSeconds),
  idle_timeout_seconds: seconds.default(limits.defaultIdleTimeoutSeconds),
  env: envSchema.default({}),
  resources: resourcesSchema.partial().default({}),
  metadata: metadataSchema.default({}),
});
export type CreateSession = z.infer<typeof createSessionSchema>;

export const patchSessionSchema = z.strictObject({
  ttl_seconds: seconds.optional(),
  idle_timeout_seconds: seconds.optional(),
  metadata: metadataPatchSchema.optional(),
});
export type PatchSession = z.infer<typeof patchSessionSchema>;

/** `metadata.<key>` parameters are taken out before this schema sees the query. */
export const listSessionsQuerySchema = z.strictObject({
  limit: queryInteger(1, 200).default(50),
  cursor: cursorSchema.optional(),
  state: sessionStateSchema.optional(),
});

export const sessionSchema = z.strictObject({
  session_id: sessionIdSchema,
  tenant_id: tenantIdSchema,
  runtime: z.string(),
  state: sessionStateSchema,
  epoch: z.number().int().min(1).optional(),
  instance_id: instanceIdSchema.nullable(),
  created_at: timeSchema,
  ready_at: timeSchema.nullable(),
  last_active_at: timeSchema.optional(),
  expires_at: timeSchema,
  idle_timeout_seconds: z.number().int(),
  metadata: metadataSchema,
  resources: resourcesSchema,
  ended_at: timeSchema.optional(),
  end_reason: z.union([endedReasonSchema, failedReasonSchema]).optional(),
  end_detail: z.string().optional(),
});
export type Session = z.infer<typeof sessionSchema>;

export const sessionListSchema = z.strictObject({
  sessions: z.array(sessionSchema),
  next_cursor: z.string().nullable(),
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
