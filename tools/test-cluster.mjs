// Runs test/cluster/ and the conformance table on a real cluster: `make test-cluster`, or a part of
// the former with TESTS=. Its last lines are measurements and the count of all tests.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCluster, runOrThrow } from './real-cluster.mjs';

const filters = (process.env.TESTS ?? '').split(' ').filter((name) => name !== '');
const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-cluster-'));
const figures = join(scratch, 'figures');

async function runTests(cluster) {
  const report = join(scratch, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const config = ['--config', 'test/cluster/vitest.config.ts'];
  const args = ['--no-install', 'vitest', 'run', ...config, ...reporters, ...filters];
  const { status } = await cluster.exec('npx', args, { STEPPE_FIGURES: figures });
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = counts;
  // A file that fails to load reports no failed test.
  const failed = numFailedTests || (status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

async function runConformance(cluster) {
  const table = ['test/conformance/print-table.mjs', '--pods'];
  const { stdout } = await cluster.exec(process.execPath, table);
  const counts = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(stdout);
  if (!counts) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: +counts[1], failed: +counts[2], skipped: +(counts[3] ?? 0) };
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
  const sum = (key) => results.reduce((total, counts) => total + counts[key], 0);
  const skipped = sum('skipped');
  process.stdout.write(readFileSync(figures, 'utf8'));
  console.log(
    `${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`,
  );
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
} finally {
  cluster.close();
  rmSync(scratch, { recursive: true });
}
