// Runs the rows of the conformance suite, and prints them as a table: behaviour × language. Exit
// code 1 where a cell fails, is missing, or the table is shorter than it has to be.
import { startVitest } from 'vitest/node';

const fewestRows = 120;
const languages = ['python', 'node'];

class TableReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const ordered = modules.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    const groups = ordered.flatMap((module) => [...module.children.suites()]);
    const rows = groups.flatMap((group) => [...group.children.suites()]);
    const cells = rows.flatMap((row) => [...row.children.tests()]);
    const failures = cells.filter((cell) => cell.result().state !== 'passed');
    const retried = cells.filter((cell) => cell.diagnostic()?.retryCount);
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
    for (const cell of retried) console.log(`\n${cell.fullName} was tried again`);
    for (const cell of failures)
      console.log(`\n✗ ${cell.fullName}\n${indent(cell.result().errors ?? [])}`);
    if (broken.length > 0) console.log(`\n${indent(broken)}`);

    const expected = rows.length * languages.length;
    const isWhole = rows.every((row) => row.children.size === languages.length);
    console.log(
      `\n${rows.length} behaviours, ${languages.length} languages: ${expected - failures.length} of ${expected} hold`,
    );
    const passed =
      failures.length === 0 && broken.length === 0 && isWhole && rows.length >= fewestRows;
    process.exitCode = passed ? 0 : 1;
  }
}

function marks(row) {
  const states = new Map([...row.children.tests()].map((cell) => [cell.name, cell.result().state]));
  return languages
    .map((language) => (states.get(language) === 'passed' ? '   ✓    ' : '   ✗    '))
    .join('');
}

const indent = (errors) =>
  errors
    .map(
      (error) =>
        `    ${[error.message, error.diff].filter(Boolean).join('\n').replaceAll('\n', '\n    ')}`,
    )
    .join('\n');

// Real processes may lose against a busy machine once, as in `make test`.
const options = { reporters: [new TableReporter()], watch: false, retry: 1 };
const vitest = await startVitest('test', ['test/conformance/rows'], options);
await vitest.close();
