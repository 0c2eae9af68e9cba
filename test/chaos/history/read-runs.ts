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
export const readRuns = (directory: string): Run[] =>
  readdirSync(directory).flatMap((name) => parseRuns(readFileSync(join(directory, name), 'utf8')));

/** The runs that the steps of one session recorded, in their order. */
export function parseRuns(text: string): Run[] {
  // The last line is incomplete if its writer was killed while it wrote; the step then went no
  // further.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => runSchema.parse(JSON.parse(line)));
}
