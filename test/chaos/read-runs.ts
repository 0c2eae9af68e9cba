import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Run } from './history.ts';

const runSchema = z.strictObject({
  stepId: z.string(),
  wanted: z.string(),
  actual: z.string(),
  mark: z.string(),
});

/** What the steps of all sessions wrote into the directory, in the order of each session. */
export function readRuns(directory: string): Run[] {
  return readdirSync(directory).flatMap((name) => {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n');
    // The last line has no end where its writer was killed in the middle of it; its step never came
    // further.
    return lines.slice(0, -1).map((line) => runSchema.parse(JSON.parse(line)));
  });
}
