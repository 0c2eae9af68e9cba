// Builds every image and tests what is in them: `make test-images`. The last line counts the tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSum, readCounts, reportTo } from './count-tests.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'steppe-test-images-'));
const report = join(scratch, 'report.json');
const config = ['--config', 'test/images/vitest.config.ts'];

const run = (program, ...args) =>
  spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;

try {
  const status =
    run(process.execPath, '--import', 'tsx', 'tools/images/build.ts') ||
    run('npx', '--no-install', 'vitest', 'run', ...config, ...reportTo(report));
  printSum([readCounts(report, status)]);
} finally {
  rmSync(scratch, { recursive: true });
}
