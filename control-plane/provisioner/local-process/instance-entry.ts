import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type InstanceId,
  instanceIdSchema,
  type SessionId,
  sessionIdSchema,
} from '@steppe/contracts/ids';
import * as z from 'zod';
import { isAlive, processIdentitySchema } from './process-identity.ts';

const factsSchema = z.object({
  instanceId: instanceIdSchema,
  runtime: z.string(),
  version: z.string(),
  createdAtMs: z.number(),
  /** The control-plane that started it. */
  starter: processIdentitySchema,
  /** Absent until it is spawned. */
  agent: processIdentitySchema.optional(),
  /** Absent until it is ready. */
  address: z.string().optional(),
});
/** What the starter writes of an instance, and it alone. */
export type InstanceFacts = z.infer<typeof factsSchema>;

export interface InstanceEntry extends InstanceFacts {
  /** Whose it is; `retired` of one that must have no session. */
  owner: SessionId | 'retired' | undefined;
}

const ownerSchema = z.union([sessionIdSchema, z.literal('retired')]);

const factsFile = (root: string): string => join(root, 'instance.json');
const ownerFile = (root: string): string => join(root, 'owner');

/** Whoever reads it sees the old facts or the new, whole. */
export async function writeFacts(root: string, facts: InstanceFacts): Promise<void> {
  const draft = draftIn(root);
  await writeFile(draft, JSON.stringify(facts));
  await rename(draft, factsFile(root));
}

/**
 * Makes the instance in `root` the owner's; false where it has an owner, or is gone. Of any number
 * at once exactly one is true.
 */
export async function takeOwnership(root: string, owner: SessionId | 'retired'): Promise<boolean> {
  const draft = draftIn(root);
  try {
    await writeFile(draft, owner);
    // A link is there whole or not at all, and never replaces another.
    await link(draft, ownerFile(root));
    return true;
  } catch (error) {
    if (isAbsence(error) || hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * What is written of the instance in `root`; null where that cannot be read: it is being made or
 * removed.
 */
export function readEntry(root: string): InstanceEntry | null {
  const facts = factsSchema.safeParse(fromJson(readText(factsFile(root))));
  if (!facts.success) return null;
  const owner = ownerSchema.safeParse(readText(ownerFile(root)));
  return { ...facts.data, owner: owner.success ? owner.data : undefined };
}

/** Whether its agent runs, or is still to be spawned by a starter that does. */
export const isLiving = ({ agent, starter }: InstanceEntry): boolean => isAlive(agent ?? starter);

/**
 * The text of a small file; empty where there is none. Through the thread pool it would cost ten
 * times what reading it does.
 */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsence(error)) return '';
    throw error;
  }
}

export const isAbsence = (error: unknown): boolean =>
  hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

export const sessionOf = ({ owner }: Pick<InstanceEntry, 'owner'>): SessionId | undefined =>
  owner === 'retired' ? undefined : owner;

export const instanceIdOf = (name: string): InstanceId | undefined =>
  instanceIdSchema.safeParse(name).data;

const draftIn = (root: string): string => join(root, `.draft-${randomUUID()}`);

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
