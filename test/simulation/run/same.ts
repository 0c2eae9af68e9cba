import { bundleDirectory, bundleSimulation } from './bundle.ts';
import { runSeeds } from './run-seeds.ts';

const seeds = [7, 1018];
const freshRuns = 2;

await bundleSimulation(bundleDirectory);
const hashes = new Map<number, Set<string>>(seeds.map((seed) => [seed, new Set()]));
let runs = 0;
const run = (list: readonly number[], seedsPerProcess: number) =>
  runSeeds(list, {
    bundle: bundleDirectory,
    seedsPerProcess,
    onReport({ seed, hash }) {
      runs += 1;
      hashes.get(seed)?.add(hash);
      return true;
    },
  });
for (let at = 0; at < freshRuns; at += 1) await run(seeds, 1);
// In one process: what ran before a seed leaves nothing that changes it.
await run([...seeds, ...seeds], 2 * seeds.length);
const different = [...hashes].filter(([, seen]) => seen.size !== 1);
for (const [seed, seen] of hashes) console.log(`seed ${seed}: ${[...seen].join(' ')}`);
console.log(`${runs} runs of ${seeds.length} seeds`);
console.log(`${seeds.length - different.length} passed, ${different.length} failed`);
process.exitCode = different.length > 0 ? 1 : 0;
