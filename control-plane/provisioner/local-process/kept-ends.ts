import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endedReasonSchema } from '@steppe/contracts/end-reason';
import { type InstanceId, instanceIdSchema, sessionIdSchema } from '@steppe/contracts/ids';
import { keptEndsName } from '@steppe/service-kit/process/instances-directory';
import * as z from 'zod';
import type { InstanceEnd } from '../session-provisioner.ts';
import { listInstanceIds } from './instances-directory.ts';

const endSchema = z.object({
  instanceId: instanceIdSchema,
  sessionId: sessionIdSchema.optional(),
  reason: endedReasonSchema,
  detail: z.string().optional(),
});

const keptMs = 3_600_000;

const directoryIn = (instances: string): string => join(instances, keptEndsName);

/** Leaves how an instance ended where the other control-planes look for it. */
export async function keepEnd(instances: string, end: InstanceEnd): Promise<void> {
  const directory = directoryIn(instances);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${end.instanceId}-${process.pid}`);
  await writeFile(draft, JSON.stringify(end));
  await rename(draft, join(directory, end.instanceId));
}

/** Null where none is kept. */
export async function readKeptEnd(
  instances: string,
  instanceId: InstanceId,
): Promise<InstanceEnd | null> {
  try {
    const text = await readFile(join(directoryIn(instances), instanceId), 'utf8');
    const { sessionId, detail, ...end } = endSchema.parse(JSON.parse(text));
    return { ...end, ...(sessionId && { sessionId }), ...(detail !== undefined && { detail }) };
  } catch {
    return null;
  }
}

export const listKeptEnds = (instances: string): InstanceId[] =>
  listInstanceIds(directoryIn(instances));

export async function forgetOldEnds(instances: string, nowMs: number): Promise<void> {
  for (const id of listKeptEnds(instances)) {
    const path = join(directoryIn(instances), id);
    const kept = await stat(path).catch(() => undefined);
    if (kept && kept.mtimeMs + keptMs < nowMs) await rm(path, { force: true });
  }
}
