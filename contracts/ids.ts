import { randomInt } from 'node:crypto';
import { decodeTime, monotonicFactory } from 'ulid';
import * as z from 'zod';
import { wellFormed } from './fields.ts';

/** Ids are branded so that two of them cannot be swapped by mistake. */
export const sessionIdSchema = z
  .string()
  .max(64)
  .regex(/^ses_[0-9A-Za-z]+$/, 'a session id is ses_ and letters or digits')
  .brand<'SessionId'>();
export type SessionId = z.infer<typeof sessionIdSchema>;

export const stepIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'a step id is 1 to 128 of A-Z a-z 0-9 _ -')
  .brand<'StepId'>();
export type StepId = z.infer<typeof stepIdSchema>;

export const instanceIdSchema = z
  .string()
  .regex(/^ins_[0-9A-Za-z-]{1,64}$/, 'an instance id is ins_ and 1 to 64 of 0-9 A-Z a-z -')
  .brand<'InstanceId'>();
export type InstanceId = z.infer<typeof instanceIdSchema>;

/** Well-formed, or two of them would be one in the table, which holds UTF-8. */
export const tenantIdSchema = z
  .string()
  .min(1)
  .max(256)
  .refine(...wellFormed)
  .brand<'TenantId'>();
export type TenantId = z.infer<typeof tenantIdSchema>;

/**
 * Drawn from Node's pool of random bytes: what the library would do calls the system for each of an
 * id's characters.
 */
const ulid = monotonicFactory(() => randomInt(2 ** 47) / 2 ** 47);

/**
 * Ids sort by the time they were minted, also within one millisecond of one process.
 * @param nowMs of Unix time.
 */
export const newSessionId = (nowMs = Date.now()): SessionId =>
  sessionIdSchema.parse(`ses_${ulid(nowMs)}`);
export const newStepId = (): StepId => stepIdSchema.parse(`stp_${ulid()}`);
export const newInstanceId = (): InstanceId => instanceIdSchema.parse(`ins_${ulid()}`);

/** When the id was minted, in ms of Unix time; 0 for one that `newSessionId` did not mint. */
export function mintedAtMs(sessionId: SessionId): number {
  try {
    return decodeTime(sessionId.slice('ses_'.length));
  } catch {
    return 0;
  }
}
