import { expect, test } from 'vitest';
import { onCores } from './cores.ts';

test('the subject has the last core for itself', () => {
  expect(onCores('subject', ['node'], 4)).toEqual(['taskset', '--cpu-list', '3', 'node']);
  expect(onCores('rest', ['node'], 4)).toEqual(['taskset', '--cpu-list', '0-2', 'node']);
  expect(onCores('all', ['node'], 2)).toEqual(['taskset', '--cpu-list', '0-1', 'node']);
});

test('one core is for everything', () => {
  expect(onCores('subject', ['node', 'main'], 1)).toEqual(['node', 'main']);
});
