import { cellsOf, headings } from './cells.ts';
import { curvesPlot, escapeText, roundsPlot } from './plots.ts';
import type { SummarisedFigure } from './summary.ts';

export interface Machine {
  processor: string;
  cores: number;
  node: string;
  /** When the bench began, in RFC 3339. */
  at: string;
}

const style = `
  :root { color-scheme: light dark; --text: #1a1a1a; --page: #fff; --faint: #666; --line: #ddd; --met: #15803d; --missed: #b00020;
    --c0: #0b6bcb; --c1: #b45309; --c2: #15803d; --c3: #7c3aed; --c4: #be123c; }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e6e6e6; --page: #16181c; --faint: #a0a0a0; --line: #3a3d44; --met: #4ade80; --missed: #ff7b8a;
      --c0: #60a5fa; --c1: #fbbf24; --c2: #4ade80; --c3: #c4a6ff; --c4: #fb7185; }
  }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 1000px; color: var(--text); background: var(--page); }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
  td.met { color: var(--met); } td.missed { color: var(--missed); font-weight: 600; }
  svg { font: 12px system-ui, sans-serif; max-width: 100%; height: auto; } section { margin: 2.5rem 0; } .note { color: var(--faint); }
  svg text { fill: var(--text); } svg .axis { fill: var(--faint); } svg .grid { stroke: var(--line); } svg polyline { fill: none; stroke: currentColor; }
  svg g circle, svg g text { fill: currentColor; } svg g line { stroke: currentColor; } svg .budget { color: var(--missed); }
  .colour-0 { color: var(--c0); } .colour-1 { color: var(--c1); } .colour-2 { color: var(--c2); } .colour-3 { color: var(--c3); } .colour-4 { color: var(--c4); }
`;

/** One page that needs nothing else, neither files nor a network. */
export function pageText(
  rows: ReadonlyMap<string, readonly SummarisedFigure[]>,
  machine: Machine,
): string {
  const summarised = [...rows.values()].flat();
  const missed = summarised.filter(({ verdict }) => verdict === 'missed').length;
  const met = summarised.filter(({ verdict }) => verdict === 'met').length;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Steppe bench</title><style>${style}</style></head><body>
<h1>Steppe bench</h1>
<p>${escapeText(machine.at)} · ${escapeText(machine.processor)}, ${machine.cores} cores · Node ${escapeText(machine.node)} · ${met} budgets met, ${missed} missed.
A figure is the median of its rounds, with their range; a ratio is ours divided by what is beside it.</p>
<table><thead><tr>${headings.map((heading) => `<th>${heading}</th>`).join('')}</tr></thead><tbody>
${summarised.map(tableRow).join('\n')}
</tbody></table>
${[...rows].map(([name, figures]) => `<section><h2>${escapeText(name)}</h2>${figures.map(plotsOf).join('')}</section>`).join('\n')}
</body></html>
`;
}

function tableRow(summarised: SummarisedFigure): string {
  const cells = cellsOf(summarised);
  const shown = cells.pop() ?? '';
  return `<tr>${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}<td class="${shown}">${shown}</td></tr>`;
}

function plotsOf({ figure, budget, beside }: SummarisedFigure): string {
  const { title, unit, ours, note, curves } = figure;
  const measured = [{ name: 'ours', values: ours }, ...(figure.beside ? [figure.beside] : [])];
  const limit = budget && budget.limit * (budget.of === 'ratio' ? (beside?.median ?? 0) : 1);
  return `<h3>${escapeText(title)}, ${unit}</h3>${note ? `<p class="note">${escapeText(note)}</p>` : ''}
${roundsPlot(measured, { unit, limit })}${curves ? `<p class="note">latency by share of the requests</p>${curvesPlot(curves)}` : ''}`;
}
