import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const file = fileURLToPath(new URL('../kept-seeds.json', import.meta.url));
const keptSeedsSchema = z.array(
  z.strictObject({
    seed: z.number().int(),
    /** What it violated when it was found. */
    found: z.string(),
  }),
);
type KeptSeed = z.infer<typeof keptSeedsSchema>[number];

/** Seeds that have found something, which run first ever after. */
export const readKeptSeeds = (): KeptSeed[] =>
  keptSeedsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

/** Adds a seed unless it is kept already. The file is committed with what was done about it. */
export function keepSeed(kept: KeptSeed): void {
  const before = readKeptSeeds();
  if (before.some(({ seed }) => seed === kept.seed)) return;
  writeFileSync(file, `${JSON.stringify([...before, kept], null, 2)}\n`);
}
