// Type-checks cdk/, synthesizes its stacks without an AWS account, and runs its tests: `make synth`.
// The last line counts the tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('../cdk', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'steppe-synth-'));
const report = join(scratch, 'report.json');

const run = (...args) =>
  spawnSync('npx', ['--no-install', ...args], { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
    .status === 0;

function runTests() {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const isPassed = run('vitest', 'run', ...reporters);
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that fails to load reports no failed test.
  return { passed: numPassedTests, failed: numFailedTests || (isPassed ? 0 : 1) };
}

try {
  const context = ['--context', 'stage=example', '--context', 'release=testing/release.json'];
  const isSynthesized = run('tsc', '--noEmit') && run('cdk', 'synth', '--quiet', ...context);
  const { passed, failed } = isSynthesized ? runTests() : { passed: 0, failed: 1 };
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}
