import { createHash, randomInt, randomUUID } from 'node:crypto';
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

/** `steppe-` and the part after `ins_` name a pod and a service, so both must be DNS labels. */
export const instanceIdSchema = z
  .string()
  .regex(
    /^ins_[0-9a-z-]{0,55}[0-9a-z]$/,
    'an instance id is ins_ and 1 to 56 of 0-9 a-z -, without a - at the end',
  )
  .brand<'InstanceId'>();
export type InstanceId = z.infer<typeof instanceIdSchema>;

/** Earlier versions created instance ids with upper-case letters: their rows stay readable. */
export const storedInstanceIdSchema = z
  .string()
  .regex(/^ins_[0-9A-Za-z-]{1,64}$/, 'a stored instance id is ins_ and 1 to 64 of 0-9 A-Z a-z -')
  .brand<'InstanceId'>();

/** Must be well-formed: the table stores UTF-8, in which two malformed names would become equal. */
export const tenantIdSchema = z
  .string()
  .min(1)
  .max(256)
  .refine(...wellFormed)
  .brand<'TenantId'>();
export type TenantId = z.infer<typeof tenantIdSchema>;

const tenantLabelLength = 32;

/**
 * The value of a Kubernetes label that stands for a tenant: a tenant's name may have any characters
 * and 256 of them, a label's value may not. The first 128 bits of its SHA-256, as lower-case
 * hexadecimal digits: equal for equal tenants, and different for two tenants that anybody can find.
 */
export const tenantLabel = (tenantId: TenantId): string =>
  createHash('sha256').update(tenantId, 'utf8').digest('hex').slice(0, tenantLabelLength);

/**
 * Creates ids and random numbers. Each part receives it, so that a simulation can draw from a seed.
 */
export interface Ids {
  /** Session, step and instance ids sort by creation time, even within a millisecond. */
  sessionId(): SessionId;
  stepId(): StepId;
  instanceId(): InstanceId;
  /** A UUID, for everything without a format of its own: requests, writes, holders of leases. */
  uuid(): string;
  /** 32 hexadecimal digits that nobody can guess. */
  nonce(): string;
  /** At least 0 and less than 1, for jitter. */
  random(): number;
}

/** The source of randomness for ids. */
export type Chance = Pick<Ids, 'uuid' | 'nonce' | 'random'>;

/**
 * `random` draws from Node's pool of random bytes: by default, the ulid library would make a system
 * call for each character.
 */
const systemChance: Chance = {
  uuid: () => randomUUID(),
  nonce: () => randomUUID().replaceAll('-', ''),
  random: () => randomInt(2 ** 47) / 2 ** 47,
};

/** @param clock provides `now`, in milliseconds of Unix time. */
export function createIds(clock: { now(): number }, chance: Chance = systemChance): Ids {
  const ulid = monotonicFactory(() => chance.random());
  return {
    ...chance,
    sessionId: () => sessionIdSchema.parse(`ses_${ulid(clock.now())}`),
    stepId: () => stepIdSchema.parse(`stp_${ulid(clock.now())}`),
    instanceId: () => instanceIdSchema.parse(`ins_${ulid(clock.now()).toLowerCase()}`),
  };
}

/**
 * Returns when the id was created, in ms of Unix time; 0 for an id that `createIds` did not create.
 */
export function mintedAtMs(sessionId: SessionId): number {
  try {
    return decodeTime(sessionId.slice('ses_'.length));
  } catch {
    return 0;
  }
}
