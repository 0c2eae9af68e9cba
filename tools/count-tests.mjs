import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** The arguments with which vitest shows its tests, and reports them in a file too. */
export const reportTo = (file) => [
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
];

/** The tests of a run of vitest, and those that failed and why. @param status its exit code */
export function readCounts(file, status) {
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const { numPassedTests = 0, numPendingTests = 0, numTodoTests = 0, testResults = [] } = counts;
  const failures = testResults.flatMap(failuresOf);
  if (failures.length === 0 && status !== 0) failures.push(`no test, but exit code ${status}`);
  return { passed: numPassedTests, failures, skipped: numPendingTests + numTodoTests };
}

/** The failed tests of a file. One that fails to load, or to prepare its tests, has none. */
function failuresOf({ name, status, message, assertionResults }) {
  const path = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0 && status === 'failed') return [`${path}: ${firstLine(message)}`];
  return failed.map(
    ({ fullName, failureMessages }) =>
      `${path} ${fullName.trim()}: ${firstLine(failureMessages.join('\n'))}`,
  );
}

const firstLine = (text) => text.split('\n')[0].slice(0, 300);

/**
 * Prints the sum of all runs as the last line, below what failed, and fails the
 * process unless all passed. `.ci/run` reads these lines.
 */
export function printSum(results) {
  const sum = (key) => results.reduce((total, counts) => total + counts[key], 0);
  const failures = results.flatMap((result) => result.failures);
  for (const name of failures) console.log(`failed: ${name}`);
  const [passed, skipped] = [sum('passed'), sum('skipped')];
  console.log(
    `${passed} passed, ${failures.length} failed${skipped ? `, ${skipped} skipped` : ''}`,
  );
  process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
}
