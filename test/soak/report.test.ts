import { expect, test } from 'vitest';
import { describeRun, failuresOf, type SoakRun } from './report.ts';

const nothing = {
  rowsWithoutInstance: 0,
  rowsThatLive: 0,
  counted: 0,
  instancesWithoutRow: 0,
};
const passed: SoakRun = {
  elapsedMs: 60_000,
  created: 300,
  full: 3,
  broken: 2,
  kills: 4,
  ways: new Map([['deleted', 290]]),
  starts: { warm: 150, cold: 150 },
  overQuota: 0,
  surprises: [],
  remains: nothing,
  leaked: { processes: 0, directories: 0 },
};

test('passes a run that leaves nothing behind, whatever its rate', () => {
  expect(failuresOf({ ...passed, created: 1, starts: { warm: 0, cold: 1 } })).toEqual([]);
  expect(failuresOf(passed)).toEqual([]);
  expect(describeRun(passed)).toContain(
    'sessions per minute: 300\nwarm claims: 50 % (150 warm, 150 cold)',
  );
});

test.each<[string, Partial<SoakRun>]>([
  ['1 processes are left', { leaked: { processes: 1, directories: 0 } }],
  ['1 directories are left', { leaked: { processes: 0, directories: 1 } }],
  ['1 live rows have no instance', { remains: { ...nothing, rowsWithoutInstance: 1 } }],
  ['1 sessions did not end', { remains: { ...nothing, rowsThatLive: 1 } }],
  ['1 terminated sessions still count', { remains: { ...nothing, counted: 1 } }],
  ['1 instances have no live row', { remains: { ...nothing, instancesWithoutRow: 1 } }],
  ['1 sessions were above a quota', { overQuota: 1 }],
  ['GET /v1/sessions: 500', { surprises: ['GET /v1/sessions: 500'] }],
  ['no session was created', { created: 0 }],
])('fails a run if %s', (failure, changed) => {
  expect(failuresOf({ ...passed, ...changed })).toEqual([failure]);
});
