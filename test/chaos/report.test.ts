import { expect, test } from 'vitest';
import { type ChaosRun, describeRun, failuresOf } from './report.ts';

const clean: ChaosRun = {
  seed: 1,
  elapsedMs: 60_000,
  stepsHarmed: 1_000,
  history: [],
  faults: new Map([['worker killed', 1]]),
  violations: { runTwice: [], lost: [], misrouted: [], gaps: [], memory: [], other: [] },
  failures: [],
  leftovers: [],
};

test('passes a run with every fault and no violation, whatever its rate', () => {
  expect(failuresOf({ ...clean, stepsHarmed: 1 })).toEqual([]);
  expect(failuresOf(clean)).toEqual([]);
  expect(describeRun(clean)).toContain('run twice: 0, lost: 0, misrouted: 0, gaps: 0');
});

test.each<[string, Partial<ChaosRun>]>([
  ['a step ran twice', { violations: { ...clean.violations, runTwice: ['a'] } }],
  ['a step is lost', { violations: { ...clean.violations, lost: ['a'] } }],
  ['a step is misrouted', { violations: { ...clean.violations, misrouted: ['a'] } }],
  ['events have a gap', { violations: { ...clean.violations, gaps: ['a'] } }],
  ['memory is another', { violations: { ...clean.violations, memory: ['a'] } }],
  ['the contract is violated otherwise', { violations: { ...clean.violations, other: ['a'] } }],
  ['a service exited by itself', { failures: ['a'] }],
  ['a process is left', { leftovers: ['a'] }],
  ['a kind of fault never happened', { faults: new Map([['worker killed', 0]]) }],
  ['no step ended', { stepsHarmed: 0 }],
])('fails a run if %s', (_, changed) => {
  expect(failuresOf({ ...clean, ...changed })).toHaveLength(1);
});
