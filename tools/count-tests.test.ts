import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'steppe-counts-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What is printed about a run of vitest with that report and exit code, and the exit code for it. */
function sumOf(report: object | undefined, exitCode: number) {
  const file = join(directory, 'report.json');
  if (report) writeFileSync(file, JSON.stringify(report));
  const program = `
    import { printSum, readCounts } from './tools/count-tests.mjs';
    printSum([readCounts(${JSON.stringify(file)}, ${exitCode})]);`;
  const args = ['--input-type=module', '--eval', program];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

const fileResult = (name: string, message: string, statuses: readonly string[]) => ({
  name: join(root, name),
  status: statuses.every((status) => status === 'passed') && message === '' ? 'passed' : 'failed',
  message,
  assertionResults: statuses.map((status, at) => ({
    status,
    fullName: `holds case ${at}`,
    failureMessages: status === 'failed' ? ['Error: no such case\n    at case', 'again'] : [],
  })),
});

test('names each failed test, and each file that could not run its tests', () => {
  const report = {
    numPassedTests: 2,
    numPendingTests: 1,
    testResults: [
      fileResult('a.test.ts', '', ['passed', 'passed']),
      fileResult('b.test.ts', '', ['failed', 'skipped']),
      fileResult('c.test.ts', 'no module d\nin c', []),
    ],
  };
  expect(sumOf(report, 1)).toEqual({
    status: 1,
    lines: [
      'failed: b.test.ts holds case 0: Error: no such case',
      'failed: c.test.ts: no module d',
      '2 passed, 2 failed, 1 skipped',
    ],
  });
});

test.each([
  { report: undefined, passed: 0 },
  {
    report: { numPassedTests: 1, testResults: [fileResult('a.test.ts', '', ['passed'])] },
    passed: 1,
  },
])('says that a run failed although none of its $passed tests did', ({ report, passed }) => {
  const lines = ['failed: no test, but exit code 1', `${passed} passed, 1 failed`];
  expect(sumOf(report, 1)).toEqual({ status: 1, lines });
});

test('prints only the count if all passed, and fails if nothing ran', () => {
  const report = { numPassedTests: 1, testResults: [fileResult('a.test.ts', '', ['passed'])] };
  expect(sumOf(report, 0)).toEqual({ status: 0, lines: ['1 passed, 0 failed'] });
  expect(sumOf({ testResults: [] }, 0).status).toBe(1);
});
