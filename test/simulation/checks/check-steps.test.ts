import type { SessionId, StepId } from '@steppe/contracts/ids';
import { expect, test } from 'vitest';
import type { Outcome } from '../../chaos/history/history.ts';
import type { SentStep, SimulatedRun } from '../history/history.ts';
import type { RuleName } from '../history/rules.ts';
import { checkSteps } from './check-steps.ts';

type Result = Extract<Outcome, { kind: 'ended' }>['result'];
const ended = (changed: Partial<Result> = {}): Outcome => ({
  kind: 'ended',
  result: {
    session_id: 'ses_1' as SessionId,
    step_id: 'a' as StepId,
    status: 'completed',
    epoch: 1,
    state_lost: false,
    stdout: 'one\ntwo\n',
    ...changed,
  },
});
const step = (changed: Partial<SentStep> = {}): SentStep => ({
  session: 'one',
  sessionId: 'ses_1',
  stepId: 'a',
  tenant: 'acme',
  reportedEpoch: 1,
  namedEpoch: undefined,
  output: 'one\ntwo\n',
  seqs: [],
  received: undefined,
  outcome: ended(),
  isCancelled: false,
  isLong: false,
  hasOpenOutput: false,
  ...changed,
});
const run = (changed: Partial<SimulatedRun> = {}): SimulatedRun => ({
  stepId: 'a',
  wanted: 'one',
  actual: 'one',
  mark: 'm',
  instanceId: 'ins_1',
  epoch: 1,
  ...changed,
});

test.each<[string, SentStep, SimulatedRun[]]>([
  ['completed', step({ seqs: [1, 2], received: 'one\ntwo\n' }), [run()]],
  ['named its epoch', step({ namedEpoch: 1 }), [run()]],
  ['was refused', step({ outcome: { kind: 'refused' } }), []],
  [
    'was cancelled by its client',
    step({ isCancelled: true, outcome: ended({ status: 'cancelled', stdout: 'one\n' }) }),
    [run()],
  ],
  [
    'timed out in its time',
    step({ isLong: true, outcome: ended({ status: 'timed_out', stdout: '' }) }),
    [run()],
  ],
  [
    'was ended with its memory',
    step({ outcome: ended({ status: 'cancelled', state_lost: true, epoch: 2, stdout: '' }) }),
    [run()],
  ],
  ['has open output', step({ hasOpenOutput: true, outcome: ended({ stdout: 'x' }) }), [run()]],
])('finds nothing in a step that %s', (_, sent, runs) => {
  expect(checkSteps({ steps: [sent], runs })).toEqual([]);
});

test.each<[RuleName, SentStep, SimulatedRun[]]>([
  ['step-runs-once', step(), [run(), run()]],
  ['result-is-what-ran', step(), []],
  ['result-is-what-ran', step({ outcome: ended({ status: 'failed', stdout: 'two\n' }) }), [run()]],
  ['session-isolated', step(), [run({ actual: 'two' })]],
  ['events-complete', step({ seqs: [1, 3] }), [run()]],
  ['events-complete', step({ hasOpenOutput: true, seqs: [1], received: 'one\n' }), [run()]],
  ['loss-reported', step({ outcome: ended({ epoch: 2 }) }), [run({ epoch: 2 })]],
  ['epoch-kept', step({ namedEpoch: 1 }), [run({ epoch: 2 })]],
  ['stop-requested', step({ outcome: ended({ status: 'cancelled' }) }), [run()]],
  ['stop-requested', step({ outcome: ended({ status: 'timed_out' }) }), [run()]],
  ['response-explained', step({ outcome: { kind: 'unexpected', what: '500' } }), []],
])('finds by %s what violates it', (rule, sent, runs) => {
  expect(checkSteps({ steps: [sent], runs })).toMatchObject([{ rule }]);
});
