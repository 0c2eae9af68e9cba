import { expect, test } from 'vitest';
import { checkHistory, violationCount } from './check-history.ts';
import type { Outcome, Run, StepRecord } from './history.ts';

const step = (stepId: string, changed: Partial<StepRecord> = {}): StepRecord => ({
  session: 'one',
  sessionId: 'ses_1',
  stepId,
  reportedEpoch: 1,
  output: outputOf(stepId),
  seqs: [],
  received: undefined,
  outcome: ended(stepId),
  ...changed,
});
const outputOf = (stepId: string) => `said by ${stepId}\nand more\n`;
type Result = Extract<Outcome, { kind: 'ended' }>['result'];
const ended = (stepId: string, changed: Partial<Result> = {}): Outcome => ({
  kind: 'ended',
  result: {
    session_id: 'ses_1' as Result['session_id'],
    step_id: stepId as Result['step_id'],
    status: 'completed',
    epoch: 1,
    state_lost: false,
    stdout: outputOf(stepId),
    ...changed,
  },
});
const run = (stepId: string, changed: Partial<Run> = {}): Run => ({
  stepId,
  wanted: 'one',
  actual: 'one',
  mark: 'm1',
  ...changed,
});
const found = (history: StepRecord[], runs: Run[]) =>
  Object.fromEntries(
    Object.entries(checkHistory(history, runs)).map(([kind, list]) => [kind, list.length]),
  );
const none = { runTwice: 0, lost: 0, misrouted: 0, gaps: 0, memory: 0, other: 0 };

test('finds no violation in a history that keeps the contract', () => {
  const history = [
    step('a', { seqs: [1, 2, 3], received: outputOf('a') }),
    step('b', {
      outcome: ended('b', { status: 'failed', state_lost: true, epoch: 2, stdout: '' }),
    }),
    step('c', { reportedEpoch: 2, outcome: ended('c', { epoch: 2 }), seqs: [1] }),
    step('d', { outcome: { kind: 'refused' } }),
    step('e', { outcome: { kind: 'session_ended' }, seqs: [1, 2] }),
    step('f', { outcome: ended('f', { status: 'cancelled', stdout: '' }) }),
    step('g', {
      reportedEpoch: 2,
      outcome: ended('g', {
        status: 'cancelled',
        stdout: '',
        epoch: 2,
        state_lost: true,
        error: { name: 'SessionEnded', message: 'it ended', traceback: [] },
      }),
    }),
  ];
  const runs = [run('a'), run('b'), run('c', { mark: 'm2' }), run('e'), run('g', { mark: 'm2' })];
  expect(checkHistory(history, runs)).toEqual({
    runTwice: [],
    lost: [],
    misrouted: [],
    gaps: [],
    memory: [],
    other: [],
  });
  expect(violationCount(checkHistory(history, runs))).toBe(0);
});

test('reports a step that ran twice', () => {
  expect(found([step('a')], [run('a'), run('a')])).toEqual({ ...none, runTwice: 1 });
});

test.each<[string, StepRecord, Run[]]>([
  ['is reported as completed but never ran', step('a'), []],
  [
    'has a result with half of its output',
    step('a', { outcome: ended('a', { stdout: 'said by a\n' }) }),
    [run('a')],
  ],
  ['is no longer known', step('a', { outcome: { kind: 'missing', what: '404' } }), [run('a')]],
  ['was refused but ran', step('a', { outcome: { kind: 'refused' } }), [run('a')]],
])('counts a step that %s as lost', (_, record, runs) => {
  expect(found([record], runs)).toEqual({ ...none, lost: 1 });
});

test.each<[string, StepRecord, Run[]]>([
  ['ran in another session', step('a'), [run('a', { actual: 'two' })]],
  [
    'got the result of another session',
    step('a', { outcome: ended('a', { session_id: 'ses_2' as Result['session_id'] }) }),
    [run('a')],
  ],
  [
    'got the result of another step',
    step('a', { outcome: ended('a', { step_id: 'b' as Result['step_id'] }) }),
    [run('a')],
  ],
  ['got 421', step('a', { outcome: { kind: 'foreign', what: '421' } }), []],
])('counts a step that %s as misrouted', (_, record, runs) => {
  expect(found([record], runs)).toEqual({ ...none, misrouted: 1 });
});

test.each([[[1, 3]], [[1, 1]], [[2, 3]], [[1, 2, 2]], [[2, 1]]])(
  'reports a gap or a repeat in the events %j',
  (seqs) => {
    expect(found([step('a', { seqs })], [run('a')])).toEqual({ ...none, gaps: 1 });
  },
);

test('reports events whose output differs from the result', () => {
  expect(found([step('a', { seqs: [1, 2], received: 'said by a\n' })], [run('a')])).toEqual({
    ...none,
    gaps: 1,
  });
});

test('reports a step that ran in a later epoch than its sender knew of', () => {
  expect(found([step('a', { outcome: ended('a', { epoch: 2 }) })], [run('a')])).toEqual({
    ...none,
    memory: 1,
  });
});

test('reports memory that changed within one epoch', () => {
  expect(found([step('a'), step('b')], [run('a'), run('b', { mark: 'm2' })])).toEqual({
    ...none,
    memory: 1,
  });
});

test('reports an unexplained response and a run of a step that was never sent', () => {
  expect(found([step('a', { outcome: { kind: 'unexpected', what: '500' } })], [run('b')])).toEqual({
    ...none,
    other: 2,
  });
});
