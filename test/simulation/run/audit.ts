import { bundleDirectory, bundleSimulation } from './bundle.ts';
import { runSeeds } from './run-seeds.ts';

/** The first seed warms up what is loaded and compiled once. */
const seeds = [1, 7, 1018];

await bundleSimulation(bundleDirectory);
let failed = 0;
await runSeeds(seeds, {
  bundle: bundleDirectory,
  args: ['--audit'],
  onReport({ seed, machineUse }) {
    const used = Object.entries(machineUse).map(([type, count]) => `${count} ${type}`);
    console.log(`up to seed ${seed}: ${used.join(', ') || 'nothing of the machine'}`);
    if (used.length > 0) failed += 1;
    return true;
  },
});
console.log(`${seeds.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
