import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { bundleDirectory, bundleSimulation } from './bundle.ts';
import { runSeeds } from './run-seeds.ts';
import type { SeedReport } from './seed-report.ts';
import { describeSeed, SeedTally } from './seed-tally.ts';
import { describeShrunk, shrinkSeed } from './shrink-seed.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '' },
    seeds: { type: 'string', default: '' },
    from: { type: 'string', default: '' },
    weather: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    clients: { type: 'string', default: '' },
    trace: { type: 'string', default: '' },
  },
});

await bundleSimulation(bundleDirectory);
const { weather, clients, only } = values;
const args = Object.entries({ weather, clients, only })
  .filter(([, list]) => list)
  .map(([name, list]) => `--${name}=${list === 'none' ? '' : list}`);
const first = Number(values.from || values.seed || 1);
const count = Number(values.seeds || 1);
if (values.trace) {
  const traced = [`${bundleDirectory}/main.mjs`, `--seeds=${first}`, '--trace', ...args];
  process.exit(spawnSync(process.execPath, traced, { stdio: 'inherit' }).status ?? 1);
}
const tally = new SeedTally();
let firstFailure: SeedReport | undefined;
await runSeeds(
  Array.from({ length: count }, (_, at) => first + at),
  {
    bundle: bundleDirectory,
    args,
    onReport(report) {
      tally.add(report);
      if (report.violations.length > 0) firstFailure ??= report;
      if (count === 1 || report.violations.length > 0) console.log(describeSeed(report));
      return true;
    },
  },
);
if (firstFailure && args.length === 0)
  console.log(describeShrunk(await shrinkSeed(bundleDirectory, firstFailure)));
console.log(tally.summary());
process.exitCode = tally.failedSeeds.length > 0 ? 1 : 0;
