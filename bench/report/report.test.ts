import { expect, test } from 'vitest';
import type { Figure } from '../figure.ts';
import { pageText } from './page.ts';
import { summarise } from './summary.ts';
import { tableText } from './table.ts';
import { budgetText, numberText, spreadText } from './texts.ts';

const figures: Figure[] = [
  {
    id: 'fast',
    title: 'step <fast> & small',
    unit: 'ms',
    ours: [1, 2, 3],
    beside: { name: 'nginx', values: [1, 1, 1] },
    note: 'a note',
    curves: [
      {
        name: 'ours',
        points: [
          { share: 0.5, value: 1 },
          { share: 0.99, value: 3 },
        ],
      },
    ],
  },
  { id: 'alone', title: 'memory', unit: 'MB', ours: [60.04] },
];
const budgets = { fast: { of: 'ratio', at: 'most', limit: 1 } } as const;
const rows = new Map([['row', figures.map((figure) => summarise(figure, budgets))]]);

test('the table has a line for each figure with its verdict', () => {
  const [headings, , first, second, ...rest] = tableText(rows).split('\n');
  expect(headings).toMatch(/^figure +ours +beside +ratio +budget/);
  expect(first).toMatch(/2 \(1 to 3\) ms +nginx 1 +2 × +≤ 1 × +missed$/);
  expect(second).toMatch(/^memory +60 MB$/);
  expect(rest).toEqual([]);
});

test('the page needs no network, and escapes what it shows', () => {
  const machine = { processor: 'cpu', cores: 2, node: '20', at: '2026-11-30T00:00:00Z' };
  const page = pageText(rows, machine);
  expect(page).not.toMatch(/(?:src|href)=|@import|url\(|https?:/);
  expect(page).toContain('step &lt;fast> &amp; small');
  expect(page).toContain('0 budgets met, 1 missed');
  expect(page).not.toContain('NaN');
  // A plot of the rounds for each figure, and one of latencies.
  expect(page.match(/<svg /g)).toHaveLength(3);
  // The ends of both scales, and the budget, with their units.
  for (const label of ['0 ms', '3 ms', '60 MB', '1 ms']) expect(page).toContain(`>${label}</text>`);
  expect(page).toContain('prefers-color-scheme: dark');
});

test('numbers keep three digits', () => {
  expect(numberText(0.012345)).toBe('0.0123');
  expect(numberText(38_719.4)).toBe('38719');
  expect(numberText(Number.NaN)).toBe('–');
  expect(spreadText({ median: 2, min: 2, max: 2 })).toBe('2');
});

test('a budget says its direction and whether it is a ratio', () => {
  expect(budgetText({ of: 'ours', at: 'most', limit: 12 }, 'KB')).toBe('≤ 12 KB');
  expect(budgetText({ of: 'ratio', at: 'least', limit: 0.2 }, 'MB/s')).toBe('≥ 0.2 ×');
});
