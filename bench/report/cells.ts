import type { SummarisedFigure } from './summary.ts';
import { budgetText, numberText, spreadText } from './texts.ts';

export const headings = ['figure', 'ours', 'beside', 'ratio', 'budget', ''];

/** What the table and the page show of a figure; the last one is its verdict, if it has a budget. */
export const cellsOf = (summarised: SummarisedFigure): string[] => {
  const { figure, ours, beside, ratio, budget, verdict } = summarised;
  return [
    figure.title,
    `${spreadText(ours)} ${figure.unit}`,
    figure.beside && beside ? `${figure.beside.name} ${spreadText(beside)}` : '',
    ratio === undefined ? '' : `${numberText(ratio)} ×`,
    budgetText(budget, figure.unit),
    verdict === 'no budget' ? '' : verdict,
  ];
};
