import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type EndedReason, endedReasonSchema } from '@steppe/contracts/end-reason';
import * as z from 'zod';
import { withoutInternals } from '../../without-internals.ts';
import type { AgentExit } from './agent-process.ts';

export interface End {
  reason: EndedReason;
  detail?: string;
}

const longestDetail = 4_096;
const longestFile = 16_384;

const terminationSchema = z.object({
  end_reason: endedReasonSchema,
  end_detail: z.string().optional(),
});

/**
 * Why an agent ended: as it wrote itself, else why it was requested to, else `crashed` with the
 * system's words and its own.
 */
export async function readTermination(
  terminationFile: string,
  exit: AgentExit,
  requested: End | undefined,
): Promise<End> {
  const told = await readTerminationMessage(terminationFile);
  if (told) return told;
  if (requested) return requested;
  return { reason: 'crashed', detail: explainExit(exit) };
}

function explainExit({ code, signal, stderrTail }: AgentExit): string {
  const how =
    signal === null
      ? code === null
        ? 'the agent could not be started'
        : `exit code ${code}`
      : `signal ${signal}`;
  const words = withoutInternals(stderrTail);
  return words === '' ? how : `${how}: ${words}`;
}

/** What the agent itself wrote of its end. */
export async function readTerminationMessage(terminationFile: string): Promise<End | undefined> {
  try {
    const { end_reason: reason, end_detail: detail } = terminationSchema.parse(
      JSON.parse(await readStart(terminationFile)),
    );
    return { reason, ...(detail && { detail: detail.slice(0, longestDetail) }) };
  } catch {
    return undefined;
  }
}

/**
 * User code can write here too: a pipe must not hold us up, a link not lead us away, a large file
 * not fill our memory.
 */
async function readStart(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is not a file`);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(longestFile) });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
