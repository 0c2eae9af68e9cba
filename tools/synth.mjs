// Type-checks cdk/, synthesizes its stacks without an AWS account, and runs its tests: `make synth`.
// The last line counts the tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printSum, readCounts, reportTo } from './count-tests.mjs';

const cwd = fileURLToPath(new URL('../cdk', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'steppe-synth-'));
const report = join(scratch, 'report.json');

const run = (...args) =>
  spawnSync('npx', ['--no-install', ...args], { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
    .status ?? 1;

try {
  const context = ['--context', 'stage=example', '--context', 'release=testing/release.json'];
  const status =
    run('tsc', '--noEmit') ||
    run('cdk', 'synth', '--quiet', ...context) ||
    run('vitest', 'run', ...reportTo(report));
  printSum([readCounts(report, status)]);
} finally {
  rmSync(scratch, { recursive: true });
}
