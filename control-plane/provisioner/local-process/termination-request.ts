import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EndedReason, endedReasonSchema } from '@steppe/contracts/end-reason';
import { hasCode, isAbsence } from './instance-entry.ts';
import type { End } from './read-termination.ts';

const fileIn = (root: string): string => join(root, 'requested');

/**
 * Writes why an instance has to terminate, for the control-plane that started it and sees its exit.
 */
export async function writeTerminationRequest(root: string, reason: EndedReason): Promise<void> {
  try {
    await writeFile(fileIn(root), reason, { flag: 'wx' });
  } catch (error) {
    // Requested before, or gone.
    if (!isAbsence(error) && !hasCode(error, 'EEXIST')) throw error;
  }
}

export async function readTerminationRequest(root: string): Promise<End | undefined> {
  const text = await readFile(fileIn(root), 'utf8').catch(() => '');
  const reason = endedReasonSchema.safeParse(text).data;
  return reason && { reason };
}
