import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { firstNightSeed } from '../clients/start-clients.ts';
import { bundleDirectory, bundleSimulation } from './bundle.ts';
import { keepSeed, readKeptSeeds } from './kept-seeds.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './seed-report.ts';
import { describeSeed, SeedTally } from './seed-tally.ts';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '' } } });
const mostSteps = Number(values.steps || 1_000_000);

/** Which seed the next night begins with. It is of this machine alone. */
const nightFile = 'dist/simulation-night.json';
const nightSchema = z.object({ nextSeed: z.number().int() });

function readNextSeed(): number {
  try {
    return nightSchema.parse(JSON.parse(readFileSync(nightFile, 'utf8'))).nextSeed;
  } catch {
    return firstNightSeed;
  }
}

/** Fewer than in CI, as longer seeds leave more garbage to their process. */
const seedsPerProcess = 4;
const tally = new SeedTally();
const failing: number[] = [];
const onReport = (report: SeedReport): boolean => {
  tally.add(report);
  const [first] = report.violations;
  if (first) {
    failing.push(report.seed);
    keepSeed({ seed: report.seed, found: `${first.rule}: ${first.what}` });
    console.log(describeSeed(report));
  }
  return tally.steps < mostSteps;
};

let nextSeed = readNextSeed();
/** A seed that was taken counts as run, so that no night repeats another's. */
function* newSeeds(): Generator<number> {
  for (;;) {
    yield nextSeed;
    nextSeed += 1;
    writeFileSync(nightFile, JSON.stringify({ nextSeed }));
  }
}

function summarize(): void {
  console.log(`failing seeds: ${failing.join(' ') || 'none'}`);
  console.log(tally.summary());
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    summarize();
    process.exit(1);
  });

const options = { bundle: bundleDirectory, seedsPerProcess, onReport };
mkdirSync('dist', { recursive: true });
await bundleSimulation(bundleDirectory);
const kept = readKeptSeeds().map(({ seed }) => seed);
await runSeeds(kept, options);
if (tally.steps < mostSteps) await runSeeds(newSeeds(), options);
summarize();
process.exitCode = failing.length > 0 ? 1 : 0;
