import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { withoutInternals } from '../../without-internals.ts';
import { type ExitCause, parseTerminationMessage } from '../termination-message.ts';
import type { AgentExit } from './agent-process.ts';

const longestFile = 16_384;

/**
 * The reason why an agent ended: its termination message, otherwise the reason for which it was
 * ended, otherwise `crashed` with its exit status and the tail of its standard error.
 */
export async function readTermination(
  terminationFile: string,
  exit: AgentExit,
  requested: ExitCause | undefined,
): Promise<ExitCause> {
  const message = await readTerminationMessage(terminationFile);
  if (message) return message;
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
  const output = withoutInternals(stderrTail);
  return output === '' ? how : `${how}: ${output}`;
}

async function readTerminationMessage(terminationFile: string): Promise<ExitCause | undefined> {
  const text = await readStart(terminationFile).catch(() => '');
  return parseTerminationMessage(text);
}

/**
 * User code can replace this file: a pipe must not block this process, a link must not be followed,
 * and a large file must not fill the memory.
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
