import { stepSummarySchema } from '@steppe/contracts/step';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { expect, test } from 'vitest';
import type { ApiCaller, Reply } from './api-caller.ts';
import { type StepPlan, settleStep } from './settle-step.ts';

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
  return settleAs('application/json', isSentTwice, ...replies);
}

async function settleAs(form: StepPlan['form'], isSentTwice: boolean, ...replies: Reply[]) {
  const calls: string[] = [];
  const api: ApiCaller = {
    call: async ({ method, path }) => {
      calls.push(`${method} ${path}`);
      return replies[calls.length - 1] ?? { kind: 'broken' };
    },
  };
  const plan = { stepId, code: '1', form, isCancelled: false, isSentTwice };
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

test('counts the events that were dropped as seen, and says that some were', async () => {
  const { submitted_at: at } = result;
  const summary = stepSummarySchema.strip().parse(result);
  const events = [
    { type: 'step_started', seq: 1, at, execution_count: 1 },
    { type: 'stdout', seq: 2, at, text: 'a' },
    // A reader may have read the beginning of what is dropped.
    { type: 'output_dropped', seq: 4, at, stdout_bytes: 3, stderr_bytes: 0, first_seq: 2 },
    { type: 'background_dropped', seq: 6, at, stream: 'stdout', bytes: 3 },
    { type: 'step_ended', seq: 7, at, ...summary },
  ];
  const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const stream: Reply = { kind: 'response', response: new Response(body) };
  const { settled } = await settleAs('application/x-ndjson', false, stream, response());
  expect(settled).toMatchObject({ seqs: [1, 2, 3, 4, 5, 6, 7], hasDrops: true, received: 'a' });
});
