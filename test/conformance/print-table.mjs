// Runs the rows of the conformance suite and prints them as a table (behaviour × language) with the
// count at the end. With --pods each session is a pod of the cluster that KUBECONFIG names. Exits with 1 if a cell fails or is missing, or if the table lacks rows.
import { startVitest } from 'vitest/node';
import { printSum } from '../../tools/count-tests.mjs';

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

    console.log(`\n${rows.length} behaviours, ${languages.length} languages`);
    const names = [
      ...failures.map((cell) => cell.fullName),
      ...broken.map((error) => error.message.split('\n')[0]),
      ...rows
        .filter((row) => row.children.size !== languages.length)
        .map((row) => `${row.name} lacks a language`),
      ...(rows.length < fewestRows ? [`only ${rows.length} of ${fewestRows} rows ran`] : []),
    ];
    printSum([
      {
        passed: cells.length - failures.length - skips.length,
        failures: names,
        skipped: skips.length,
      },
    ]);
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
