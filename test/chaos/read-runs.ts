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

/** The runs that the steps of all sessions recorded in the directory, in order per session. */
export function readRuns(directory: string): Run[] {
  return readdirSync(directory).flatMap((name) => {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n');
    // The last line is incomplete if its writer was killed while it wrote; the step then went no
    // further.
    return lines.slice(0, -1).map((line) => runSchema.parse(JSON.parse(line)));
  });
}
