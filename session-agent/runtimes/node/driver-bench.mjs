// Prints what a worker costs: `node driver-bench.mjs`, one JSON object. STEPPE_NODE names another
// Node to measure.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nodeRuntimeBundle } from './bundle-options.mjs';

const roundTrips = 2000;
// V8 compiles code only after a few hundred runs.
const warmUps = 500;
const starts = 10;

const outdir = mkdtempSync('/tmp/steppe-bench-');
const entryPoints = [fileURLToPath(new URL('./testing/fake-agent.ts', import.meta.url))];
const outExtension = { '.js': '.mjs' };
await build({ ...nodeRuntimeBundle, outdir });
await build({ entryPoints, outdir, outExtension, bundle: true, platform: 'node', format: 'esm' });
const { startFakeAgent } = await import(join(outdir, 'fake-agent.mjs'));

const beforeSupervisor = performance.now();
const agent = await startFakeAgent(outdir);
const supervisorStartMs = performance.now() - beforeSupervisor;
const startTimes = [];
let rssMb = 0;
for (let epoch = 1; epoch <= starts; epoch += 1) {
  const startedAt = performance.now();
  const { pid } = await agent.start(epoch);
  startTimes.push(performance.now() - startedAt);
  if (epoch === starts) {
    await delay(300);
    rssMb =
      Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;
  } else {
    agent.tellSupervisor({ type: 'kill', epoch });
    await agent.log.next('exit');
  }
}
await agent.run('let x = 0');
const figures = {
  supervisor_start_ms: round(supervisorStartMs),
  start_ms: round(percentile(startTimes, 0.5)),
  rss_mb: round(rssMb),
  round_trip_ms: await measure('x += 1; x'),
  round_trip_await_ms: await measure('await null; x'),
};
await agent.close();
rmSync(outdir, { recursive: true });
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
process.exit();

async function measure(code) {
  const times = [];
  for (let count = 0; count < warmUps + roundTrips; count += 1) {
    const startedAt = performance.now();
    await agent.run(code);
    times.push(performance.now() - startedAt);
  }
  const counted = times.slice(warmUps);
  return { p50: round(percentile(counted, 0.5)), p95: round(percentile(counted, 0.95)) };
}

function percentile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)];
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}
