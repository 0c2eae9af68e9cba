// Runs test/cluster/ and the conformance table on a real cluster: `make test-cluster`, or a part of
// the former with TESTS=. Its last lines are measurements and the count of all tests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSum, readCounts, reportTo } from './count-tests.mjs';
import { openCluster, runOrThrow } from './real-cluster.mjs';

const filters = (process.env.TESTS ?? '').split(' ').filter((name) => name !== '');
const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-cluster-'));
const figures = join(scratch, 'figures');

async function runTests(cluster) {
  const report = join(scratch, 'report.json');
  const config = ['--config', 'test/cluster/vitest.config.ts'];
  const args = ['--no-install', 'vitest', 'run', ...config, ...reportTo(report), ...filters];
  const { status } = await cluster.exec('npx', args, { STEPPE_FIGURES: figures });
  return readCounts(report, status);
}

async function runConformance(cluster) {
  const table = ['test/conformance/print-table.mjs', '--pods'];
  const { stdout } = await cluster.exec(process.execPath, table);
  const counts = /^(\d+) passed, \d+ failed(?:, (\d+) skipped)?$/m.exec(stdout);
  if (!counts) return { passed: 0, failures: ['the conformance table in pods'], skipped: 0 };
  const failures = [...stdout.matchAll(/^failed: (.*)$/gm)].map(([, name]) => `in pods: ${name}`);
  return { passed: +counts[1], failures, skipped: +(counts[2] ?? 0) };
}

/** Builds what few tests need, unless none of those runs: no registry can be reached in the cluster. */
function buildTools() {
  const runs = (test) => filters.length === 0 || filters.some((filter) => test.includes(filter));
  if (process.env.CLUSTER === 'existing') return;
  if (runs('test/cluster/rollout/autoscaling.test.ts'))
    runOrThrow('tools/cluster/metrics-server/metrics-server', ['build'], process.env);
  if (runs('test/cluster/scale/scale.test.ts'))
    runOrThrow('tools/cluster/kwok/install', [], process.env);
}

writeFileSync(figures, '');
buildTools();
const cluster = openCluster(process.env);
try {
  const results = [await runTests(cluster)];
  if (filters.length === 0) results.push(await runConformance(cluster));
  process.stdout.write(readFileSync(figures, 'utf8'));
  printSum(results);
} finally {
  cluster.close();
  rmSync(scratch, { recursive: true });
}
