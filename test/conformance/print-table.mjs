// Runs the rows of the conformance suite and prints them as a table (behaviour × language) with the
// count at the end. With --pods each session is a pod of the cluster that KUBECONFIG names. Exits with 1 if a cell fails or is missing, or if the table lacks rows.
import { startVitest } from 'vitest/node';

const fewestRows = 120;
const languages = ['python', 'node'];
const inPods = process.argv.includes('--pods');

class TableReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const ordered = modules.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    const groups = ordered.flatMap((module) => [...module.children.suites()]);
    const rows = groups.flatMap((group) => [...group.children.suites()]);
    const cells = rows.flatMap((row) => [...row.children.tests()]);
    const skips = inPods ? cells.filter((cell) => cell.result().state === 'skipped') : [];
    const failures = cells.filter(
      (cell) => cell.result().state !== 'passed' && !skips.includes(cell),
    );
    const broken = [...modules, ...groups, ...rows]
      .flatMap((part) => part.errors())
      .concat(unhandledErrors);

    const width = Math.max(...rows.map((row) => row.name.length));
    for (const group of groups) {
      console.log(
        `\n${group.name.padEnd(width + 2)}${languages.map((language) => language.padEnd(8)).join('')}`,
      );
      for (const row of group.children.suites())
        console.log(`  ${row.name.padEnd(width)}${marks(row)}`);
    }
    for (const cell of skips) console.log(`\nskipped ${cell.fullName}: ${cell.result().note}`);
    for (const cell of failures)
      console.log(`\n✗ ${cell.fullName}\n${indent(cell.result().errors ?? [])}`);
    if (broken.length > 0) console.log(`\n${indent(broken)}`);

    const incomplete = rows.filter((row) => row.children.size !== languages.length);
    for (const row of incomplete) console.log(`\n${row.name} lacks a language`);
    if (rows.length < fewestRows) console.log(`\nonly ${rows.length} of ${fewestRows} rows ran`);
    const isComplete = broken.length + incomplete.length === 0 && rows.length >= fewestRows;
    const failed = failures.length || (isComplete ? 0 : 1);
    console.log(`\n${rows.length} behaviours, ${languages.length} languages`);
    const passed = cells.length - failures.length - skips.length;
    const skipped = skips.length > 0 ? `, ${skips.length} skipped` : '';
    console.log(`${passed} passed, ${failed} failed${skipped}`);
    process.exitCode = failed === 0 ? 0 : 1;
  }
}

const symbols = { passed: '✓', skipped: inPods ? '–' : '✗' };

function marks(row) {
  const states = new Map([...row.children.tests()].map((cell) => [cell.name, cell.result().state]));
  return languages.map((language) => `   ${symbols[states.get(language)] ?? '✗'}    `).join('');
}

const indent = (errors) =>
  errors
    .map(
      (error) =>
        `    ${[error.message, error.diff].filter(Boolean).join('\n').replaceAll('\n', '\n    ')}`,
    )
    .join('\n');

const vitest = await startVitest('test', ['test/conformance/rows'], {
  reporters: [new TableReporter()],
  watch: false,
  ...(inPods && { config: 'test/cluster/conformance/vitest.config.ts' }),
});
await vitest.close();
