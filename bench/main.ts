import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { budgets } from './budgets.ts';
import { readConfig } from './config.ts';
import { type SummarisedFigure, summarise } from './report/summary.ts';
import { tableText } from './report/table.ts';
import { writeReport } from './report/write-report.ts';
import { rows } from './rows.ts';
import { buildPrograms } from './run/build-programs.ts';
import { leaveSubjectCore } from './run/cores.ts';
import { measureRow } from './run/measure-row.ts';
import { endPrograms } from './run/start-program.ts';

const config = readConfig();
const chosen = rows.filter(({ name }) => config.row === undefined || name === config.row);
if (chosen.length === 0)
  throw new Error(`no row ${config.row}; there are ${rows.map(({ name }) => name).join(', ')}`);

const say = (line: string) => process.stderr.write(`${line}\n`);
const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  node: process.versions.node,
  at: new Date().toISOString(),
};
const parent = mkdtempSync(join(tmpdir(), 'steppe-bench-'));
process.on('exit', () => {
  endPrograms();
  rmSync(parent, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
leaveSubjectCore();
await buildPrograms();
const measured = new Map<string, SummarisedFigure[]>();
const broken: string[] = [];
for (const row of chosen) {
  const startedAt = performance.now();
  say(`${row.name}: ${row.about}`);
  try {
    const figures = await measureRow(row, { ...config, parent });
    measured.set(
      row.name,
      figures.map((figure) => summarise(figure, budgets)),
    );
  } catch (error) {
    // A row that breaks leaves the others their figures.
    say(`${row.name} failed: ${error instanceof Error ? error.stack : error}`);
    broken.push(row.name);
  }
  say(`  ${Math.round((performance.now() - startedAt) / 1000)} s`);
}
const ids = new Set([...measured.values()].flat().map(({ figure }) => figure.id));
const unused = Object.keys(budgets).filter((id) => !ids.has(id));
process.stdout.write(`${tableText(measured)}\n`);
const dist = fileURLToPath(new URL('../dist/bench', import.meta.url));
const { json, page } = writeReport(dist, measured, machine);
process.stdout.write(`${page}\n${json}\n`);
if (broken.length > 0) {
  say(`failed: ${broken.join(', ')}`);
  process.exitCode = 1;
} else if (config.row === undefined && unused.length > 0) {
  // A budget that no figure has would never be missed.
  say(`no figure has the budget of ${unused.join(', ')}`);
  process.exitCode = 1;
}
