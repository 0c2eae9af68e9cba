import * as z from 'zod';
import { endedReasonSchema, failedReasonSchema } from './end-reason.ts';
import { resourcesSchema, storedMetadataSchema, timeSchema } from './fields.ts';
import { sessionIdSchema, storedInstanceIdSchema, tenantIdSchema } from './ids.ts';

const addressSchema = z.url({ protocol: /^http$/ });

const base = {
  session_id: sessionIdSchema,
  tenant_id: tenantIdSchema,
  /** Grows by one with every write; each write names the version that it replaces. */
  version: z.number().int().min(1),
  runtime: z.string(),
  created_at: timeSchema,
  expires_at: timeSchema,
  idle_timeout_seconds: z.number().int().min(1),
  metadata: storedMetadataSchema,
  resources: z.object(resourcesSchema.shape),
};

const over = {
  instance_id: storedInstanceIdSchema.optional(),
  ready_at: timeSchema.optional(),
  ended_at: timeSchema,
  end_detail: z.string().max(4096).optional(),
  /** Seconds of Unix time after which DynamoDB may remove the row. */
  purge_at: z.number().int(),
};

/**
 * The row of a session: its route while it is `ready`, the authoritative record of its end
 * afterwards. A newer version may add fields, which this version ignores.
 */
export const sessionRecordSchema = z.discriminatedUnion('state', [
  z.object({
    ...base,
    state: z.literal('provisioning'),
    instance_id: storedInstanceIdSchema.optional(),
  }),
  z.object({
    ...base,
    state: z.literal('ready'),
    instance_id: storedInstanceIdSchema,
    address: addressSchema,
    ready_at: timeSchema,
  }),
  z.object({ ...base, ...over, state: z.literal('ended'), end_reason: endedReasonSchema }),
  z.object({ ...base, ...over, state: z.literal('failed'), end_reason: failedReasonSchema }),
]);
export type SessionRecord = z.infer<typeof sessionRecordSchema>;
export type ReadyRecord = Extract<SessionRecord, { state: 'ready' }>;
