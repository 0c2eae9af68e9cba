import type { Budget } from '../budgets.ts';
import type { Figure } from '../figure.ts';
import { median, ratiosOf, type Spread, spreadOf } from '../statistics.ts';

type Verdict = 'met' | 'missed' | 'no budget';

/** A figure with everything that is printed of it. */
export interface SummarisedFigure {
  figure: Figure;
  ours: Spread;
  beside: Spread | undefined;
  /** Ours divided by what is beside it: the median of the rounds. */
  ratio: number | undefined;
  budget: Budget | undefined;
  verdict: Verdict;
}

export function summarise(
  figure: Figure,
  budgets: Readonly<Record<string, Budget>>,
): SummarisedFigure {
  const budget = budgets[figure.id];
  const ours = spreadOf(figure.ours);
  const ratio = figure.beside && median(ratiosOf(figure.ours, figure.beside.values));
  return {
    figure,
    ours,
    beside: figure.beside && spreadOf(figure.beside.values),
    ratio,
    budget,
    verdict: verdictOf(budget, budget?.of === 'ratio' ? ratio : ours.median),
  };
}

/** A value that was not measured misses its budget. */
function verdictOf(budget: Budget | undefined, value: number | undefined): Verdict {
  if (!budget) return 'no budget';
  const isMet =
    value !== undefined && (budget.at === 'most' ? value <= budget.limit : value >= budget.limit);
  return isMet ? 'met' : 'missed';
}
