import type { ErrorCode } from '@steppe/contracts/errors';
import { expect, test } from 'vitest';
import type { ApiCaller, Reply } from './api-caller.ts';
import { restartSession } from './restart-session.ts';

const neverAborted = new AbortController().signal;
const refusal = (code: ErrorCode, details = {}): Reply => ({
  kind: 'refusal',
  status: 409,
  error: { code, message: 'no', retryable: false, request_id: 'r', details },
});
const response = (text: string): Reply => ({ kind: 'response', response: new Response(text) });

/** The outcome of a restart that gets these responses, and the number of calls it made. */
async function restartWith(...replies: Reply[]) {
  let calls = 0;
  const api: ApiCaller = { call: async () => replies[calls++] ?? { kind: 'broken' } };
  return { restarted: await restartSession(api, 'ses_1', 3, neverAborted), calls };
}

test.each<[string, Reply[], object]>([
  ['succeeds', [response('{"epoch":4}')], { kind: 'epoch', epoch: 4, isRefused: false }],
  [
    'loses its response',
    [{ kind: 'broken' }, refusal('epoch_mismatch', { epoch: 4 })],
    { kind: 'epoch', epoch: 4, isRefused: true },
  ],
  [
    'cannot reach its agent at first',
    [refusal('runtime_unreachable'), response('{"epoch":4}')],
    { kind: 'epoch', epoch: 4, isRefused: false },
  ],
  ['is too late', [refusal('session_ended')], { kind: 'session_ended' }],
])('learns the outcome of a restart that %s', async (_, replies, restarted) => {
  expect(await restartWith(...replies)).toEqual({ restarted, calls: replies.length });
});

test('reports a refusal that no fault explains as unexpected', async () => {
  expect(await restartWith(refusal('internal'))).toMatchObject({
    restarted: { kind: 'unexpected' },
    calls: 1,
  });
});

test('retries until its time limit', async () => {
  let nowMs = 0;
  const sleep = async (ms: number) => {
    nowMs += ms;
  };
  const clock = { now: () => nowMs, sleep };
  const api: ApiCaller = { call: async () => refusal('runtime_unreachable') };
  const time = { clock, limitMs: 240_000 };
  expect(await restartSession(api, 'ses_1', 3, neverAborted, time)).toEqual({
    kind: 'unexpected',
    what: 'nothing was learnt of the restart of ses_1 in 240 s',
  });
  expect(nowMs).toBe(240_000);
});

test('throws for a complete but invalid response', async () => {
  await expect(restartWith(response('{"epoch":'))).rejects.toThrow(
    'an invalid response: {"epoch":',
  );
});
