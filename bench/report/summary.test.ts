import { expect, test } from 'vitest';
import type { Budget } from '../budgets.ts';
import type { Figure } from '../figure.ts';
import { summarise } from './summary.ts';

const figure: Figure = {
  id: 'one',
  title: 'one',
  unit: 'ms',
  ours: [4, 6, 5],
  beside: { name: 'peer', values: [2, 2, 2] },
};

const verdictOf = (budget: Budget, of: Figure = figure) => summarise(of, { one: budget }).verdict;

test('the median of the rounds meets a budget or misses it', () => {
  expect(verdictOf({ of: 'ours', at: 'most', limit: 5 })).toBe('met');
  expect(verdictOf({ of: 'ours', at: 'most', limit: 4.9 })).toBe('missed');
  expect(verdictOf({ of: 'ours', at: 'least', limit: 5 })).toBe('met');
  expect(verdictOf({ of: 'ours', at: 'least', limit: 5.1 })).toBe('missed');
});

test('a budget for the ratio is for the median of the ratios of each round', () => {
  expect(summarise(figure, {}).ratio).toBe(2.5);
  expect(verdictOf({ of: 'ratio', at: 'most', limit: 2.5 })).toBe('met');
  expect(verdictOf({ of: 'ratio', at: 'most', limit: 2.4 })).toBe('missed');
});

test('what was not measured misses its budget', () => {
  const { beside: _, ...alone } = figure;
  expect(verdictOf({ of: 'ratio', at: 'most', limit: 5 }, alone)).toBe('missed');
  expect(verdictOf({ of: 'ours', at: 'least', limit: 0 }, { ...figure, ours: [] })).toBe('missed');
});

test('a figure without a budget has no verdict', () => {
  expect(summarise(figure, {})).toMatchObject({ verdict: 'no budget', budget: undefined });
});
