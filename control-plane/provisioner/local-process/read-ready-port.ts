import type { Readable } from 'node:stream';
import * as z from 'zod';

const readySchema = z.object({ port: z.number().int().min(1).max(65_535) });
const longestLine = 256;

/**
 * The port of the one line `{"port":N}` that an agent writes when it is ready.
 * @throws Error where the pipe ends or says anything else.
 */
export async function readReadyPort(pipe: Readable): Promise<number> {
  let line = '';
  for await (const chunk of pipe.setEncoding('utf8')) {
    line += chunk;
    if (line.includes('\n') || line.length > longestLine)
      return readySchema.parse(JSON.parse(line)).port;
  }
  throw new Error('the agent ended before it was ready');
}
