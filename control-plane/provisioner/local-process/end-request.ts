import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EndedReason, endedReasonSchema } from '@steppe/contracts/end-reason';
import { hasCode, isAbsence } from './instance-entry.ts';
import type { End } from './read-end.ts';

const fileIn = (root: string): string => join(root, 'asked');

/** Leaves why an instance is asked to end, for the control-plane that started it and sees its exit. */
export async function leaveEndRequest(root: string, reason: EndedReason): Promise<void> {
  try {
    await writeFile(fileIn(root), reason, { flag: 'wx' });
  } catch (error) {
    // Asked before, or gone.
    if (!isAbsence(error) && !hasCode(error, 'EEXIST')) throw error;
  }
}

export async function readEndRequest(root: string): Promise<End | undefined> {
  const text = await readFile(fileIn(root), 'utf8').catch(() => '');
  const reason = endedReasonSchema.safeParse(text).data;
  return reason && { reason };
}
