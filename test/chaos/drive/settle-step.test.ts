import { newStepId } from '@steppe/contracts/testing/new-ids';
import { expect, test } from 'vitest';
import type { ApiCaller, Reply } from './api-caller.ts';
import { settleStep } from './settle-step.ts';

const neverAborted = new AbortController().signal;
const stepId = newStepId();
const result = {
  step_id: stepId,
  session_id: 'ses_1',
  status: 'completed',
  execution_count: 1,
  stdout: 'out',
  stderr: '',
  results: [],
  error: null,
  truncated: { stdout: false, stderr: false, results: false },
  background: null,
  epoch: 2,
  state_lost: false,
  submitted_at: '2026-11-25T12:00:00.000Z',
  started_at: null,
  completed_at: null,
  usage: null,
};
const response = (): Reply => ({ kind: 'response', response: Response.json(result) });

/** What is known after these replies, and how often the step was sent. */
async function settleWith(isSentTwice: boolean, ...replies: Reply[]) {
  const calls: string[] = [];
  const api: ApiCaller = {
    call: async ({ method, path }) => {
      calls.push(`${method} ${path}`);
      return replies[calls.length - 1] ?? { kind: 'broken' };
    },
  };
  const form = 'application/json';
  const plan = { stepId, code: '1', form, isCancelled: false, isSentTwice } as const;
  return { settled: await settleStep(api, 'ses_1', plan, neverAborted), calls };
}

test.each<[string, Reply[]]>([
  ['both responses arrive', [response(), response()]],
  ['the first response is lost', [{ kind: 'broken' }, response()]],
  ['the second response is lost', [response(), { kind: 'broken' }]],
])('knows the outcome of a step that is delivered twice where %s', async (_, replies) => {
  const { settled, calls } = await settleWith(true, ...replies);
  expect(settled).toMatchObject({ outcome: { kind: 'ended', result }, epoch: 2 });
  expect(calls).toEqual(Array(2).fill('POST /v1/sessions/ses_1/steps'));
});

test('sends a step again until its outcome is known', async () => {
  const { settled, calls } = await settleWith(false, { kind: 'broken' }, response());
  expect(settled).toMatchObject({ outcome: { kind: 'ended' } });
  expect(calls).toHaveLength(2);
});
