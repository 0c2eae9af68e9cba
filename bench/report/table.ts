import { cellsOf, headings } from './cells.ts';
import type { SummarisedFigure } from './summary.ts';

/** The table that the bench prints: a line for each figure, under the name of its row. */
export function tableText(rows: ReadonlyMap<string, readonly SummarisedFigure[]>): string {
  const lines = [...rows.values()].flat().map(cellsOf);
  const widths = headings.map((heading, column) =>
    Math.max(...[headings, ...lines].map((cells) => cells[column]?.length ?? heading.length)),
  );
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [headings, widths.map((width) => '-'.repeat(width)), ...lines].map(lineOf).join('\n');
}
