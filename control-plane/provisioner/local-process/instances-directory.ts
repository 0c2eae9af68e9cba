import { readdirSync } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InstanceId } from '@steppe/contracts/ids';
import {
  hasCode,
  type InstanceEntry,
  instanceIdOf,
  isAbsence,
  readEntry,
} from './instance-entry.ts';

/**
 * The agent's run directory below an instance's root below this must not pass 88 bytes: Node cuts a
 * socket's path of 107.
 */
const longestPath = 50;

/**
 * Makes the directory that control-planes of one table share, unless it is there.
 * @throws Error where it is too long for a socket below it, or another user's.
 */
export async function openInstancesDirectory(path: string): Promise<void> {
  if (Buffer.byteLength(path) > longestPath)
    throw new Error(`${path} is longer than ${longestPath} bytes`);
  await makeDirectory(path);
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new Error(`${path} is not a directory of this user`);
}

/**
 * With those above it. Node's own way to do that never ends where a directory takes no new names,
 * as /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch((error) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!isAbsence(error) || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

export const rootOf = (directory: string, instanceId: InstanceId): string =>
  join(directory, instanceId);

/**
 * Of what is named as an instance is, those that are being made or removed included. Empty where
 * there is no such directory.
 */
export function listInstanceIds(directory: string): InstanceId[] {
  try {
    return readdirSync(directory)
      .map(instanceIdOf)
      .filter((id) => id !== undefined);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** Of the instances that have one to read. */
export function readEntries(directory: string): InstanceEntry[] {
  return listInstanceIds(directory)
    .map((id) => readEntry(rootOf(directory, id)))
    .filter((entry) => entry !== null);
}
