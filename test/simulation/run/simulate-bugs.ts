import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PlantedBug } from '../bugs/planted-bug.ts';
import { plantedBugs } from '../bugs/planted-bugs.ts';
import { bundleDirectory, bundleSimulation } from './bundle.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './seed-report.ts';
import { SeedTally } from './seed-tally.ts';

const { values } = parseArgs({
  options: {
    bug: { type: 'string', default: '' },
    seeds: { type: 'string', default: '' },
  },
});
const most = Number(values.seeds || 100);
/** Few, so that little is run after the first seed that finds the bug. */
const seedsPerProcess = 5;

interface Hunt {
  seeds: number;
  tally: SeedTally;
  /** The rules that the first seed violates which finds the bug. */
  rules: string[];
}

const rulesWithoutBug = new Map<number, ReadonlySet<string>>();

/** @returns the rules that the seed violates with the bug, and not without it. */
async function findRules({ seed, hash, violations }: SeedReport): Promise<string[]> {
  // A simulation that broke has no hash, and says nothing of the product.
  if (violations.length === 0 || hash === '') return [];
  const without = rulesWithoutBug.get(seed) ?? (await runWithoutBug(seed));
  rulesWithoutBug.set(seed, without);
  return [...new Set(violations.map(({ rule }) => rule))].filter((rule) => !without.has(rule));
}

async function runWithoutBug(seed: number): Promise<ReadonlySet<string>> {
  const rules = new Set<string>();
  await runSeeds([seed], {
    bundle: bundleDirectory,
    onReport({ violations }) {
      for (const { rule } of violations) rules.add(rule);
      return true;
    },
  });
  return rules;
}

/** Runs seeds of a product that has the bug, until one of them finds it. */
async function hunt({ name, patches }: PlantedBug): Promise<Hunt> {
  const bundle = `dist/simulation-bugs/${name}`;
  const tally = new SeedTally();
  let rules: string[] = [];
  try {
    await bundleSimulation(bundle, patches);
    await runSeeds(
      Array.from({ length: most }, (_, at) => at + 1),
      {
        bundle,
        seedsPerProcess,
        async onReport(report) {
          if (rules.length > 0) return false;
          tally.add(report);
          const found = await findRules(report);
          if (rules.length === 0) rules = found;
          return rules.length === 0;
        },
      },
    );
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
  return { seeds: tally.passed + tally.failedSeeds.length, tally, rules };
}

const wanted = plantedBugs.filter(({ name }) => values.bug === '' || name === values.bug);
if (wanted.length === 0) throw new Error(`no planted bug has the name ${values.bug}`);
await bundleSimulation(bundleDirectory);
let missed = 0;
for (const bug of wanted) {
  const { seeds, tally, rules } = await hunt(bug);
  const found =
    rules.length > 0
      ? `found by seed ${seeds} of those that ran: ${rules.join(', ')}`
      : `MISSED in ${seeds} seeds`;
  const other = rules.length > 0 && !rules.includes(bug.breaks) ? ` (not ${bug.breaks})` : '';
  if (rules.length === 0) missed += 1;
  console.log(`${bug.name}: ${found}${other}; ${tally.steps} steps, ${tally.events} events`);
}
console.log(`${wanted.length - missed} passed, ${missed} failed`);
process.exitCode = missed > 0 ? 1 : 0;
