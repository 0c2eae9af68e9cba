import { existsSync, readFileSync } from 'node:fs';

/** The arguments with which vitest shows its tests, and reports them in a file too. */
export const reportTo = (file) => [
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
];

/** The tests of a run of vitest. @param status its exit code */
export function readCounts(file, status) {
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = counts;
  // A file that fails to load reports no failed test.
  const failed = numFailedTests || (status === 0 ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

/** Prints the sum of all runs as the last line, and fails the process unless all passed. */
export function printSum(results) {
  const sum = (key) => results.reduce((total, counts) => total + counts[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
