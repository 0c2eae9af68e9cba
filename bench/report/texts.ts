import type { Budget } from '../budgets.ts';
import type { Spread } from '../statistics.ts';

/** Three significant digits, and no more than a reader needs. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The median and the range of the rounds. */
export const spreadText = ({ median, min, max }: Spread): string =>
  min === max
    ? numberText(median)
    : `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;

export function budgetText(budget: Budget | undefined, unit: string): string {
  if (!budget) return '';
  return `${budget.at === 'most' ? '≤' : '≥'} ${budget.limit} ${budget.of === 'ratio' ? '×' : unit}`;
}
