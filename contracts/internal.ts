import * as z from 'zod';
import { endedReasonSchema } from './end-reason.ts';
import { envSchema, resourcesSchema, timeSchema } from './fields.ts';
import { sessionIdSchema, storedInstanceIdSchema, tenantIdSchema } from './ids.ts';

/*
 * During a rollout, planes and agents have different versions. The reader of a response ignores
 * fields that only a newer version knows. A request with an unknown field is refused, and nothing
 * of it is executed.
 */

/** The two issuers of internal tokens; each signs with a key of its own. */
export const planeSchema = z.enum(['control-plane', 'data-plane']);
export type Plane = z.infer<typeof planeSchema>;

/**
 * Claims of an internal token besides `exp` and `iat`; `aud` is the instance. A token of the
 * data-plane also names the session.
 */
export const internalClaimsSchema = z.object({
  iss: planeSchema,
  aud: storedInstanceIdSchema,
  session_id: sessionIdSchema.optional(),
});

const lifetimeSchema = z.strictObject({
  expires_at: timeSchema,
  idle_timeout_seconds: z.number().int().min(1),
});
export type Lifetime = z.infer<typeof lifetimeSchema>;

export const bindRequestSchema = z.strictObject({
  session_id: sessionIdSchema,
  tenant_id: tenantIdSchema,
  env: envSchema,
  resources: resourcesSchema,
  ...lifetimeSchema.shape,
});
export type BindRequest = z.infer<typeof bindRequestSchema>;

export const bindResponseSchema = z.object({
  instance_id: storedInstanceIdSchema,
  epoch: z.number().int().min(1),
});

export type BindResponse = z.infer<typeof bindResponseSchema>;

export const limitsRequestSchema = lifetimeSchema;

export const terminateRequestSchema = z.strictObject({ reason: endedReasonSchema });

export const agentStateSchema = z.object({
  epoch: z.number().int().min(1),
  state: z.enum(['starting', 'idle', 'running', 'interrupting', 'killing', 'dead', 'closing']),
  last_active_at: timeSchema,
});
export type AgentState = z.infer<typeof agentStateSchema>;
