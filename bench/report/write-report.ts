import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine, pageText } from './page.ts';
import type { SummarisedFigure } from './summary.ts';

/** Writes the figures as JSON and as a page. @returns the paths of both */
export function writeReport(
  directory: string,
  rows: ReadonlyMap<string, readonly SummarisedFigure[]>,
  machine: Machine,
): { json: string; page: string } {
  mkdirSync(directory, { recursive: true });
  const json = join(directory, 'bench.json');
  const page = join(directory, 'index.html');
  writeFileSync(json, `${JSON.stringify({ machine, rows: Object.fromEntries(rows) }, null, 2)}\n`);
  writeFileSync(page, pageText(rows, machine));
  return { json, page };
}
