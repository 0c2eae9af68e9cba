import type { ErrorCode } from '@steppe/contracts/errors';
import { expect, test } from 'vitest';
import type { ApiCaller, Reply } from './api-caller.ts';
import { restartSession } from './restart-session.ts';

const patient = new AbortController().signal;
const refusal = (code: ErrorCode, details = {}): Reply => ({
  kind: 'refusal',
  status: 409,
  error: { code, message: 'no', retryable: false, request_id: 'r', details },
});
const answer = (text: string): Reply => ({ kind: 'answer', answer: new Response(text) });

/** What comes of a restart that is answered so, and how often it was asked for. */
async function restartWith(...replies: Reply[]) {
  let asked = 0;
  const api: ApiCaller = { call: async () => replies[asked++] ?? { kind: 'broken' } };
  return { restarted: await restartSession(api, 'ses_1', 3, patient), asked };
}

test.each<[string, Reply[], object]>([
  ['is answered', [answer('{"epoch":4}')], { kind: 'epoch', epoch: 4 }],
  ['has its answer lost', [{ kind: 'broken' }, refusal('epoch_mismatch', { epoch: 4 })], { kind: 'epoch', epoch: 4 }],
  ['cannot reach its agent at first', [refusal('runtime_unreachable'), answer('{"epoch":4}')], { kind: 'epoch', epoch: 4 }],
  ['comes too late', [refusal('session_ended')], { kind: 'session_ended' }],
])('learns what came of a restart that %s', async (_, replies, restarted) => {
  expect(await restartWith(...replies)).toEqual({ restarted, asked: replies.length });
});

test('calls a refusal unexpected that no fault explains', async () => {
  expect(await restartWith(refusal('internal'))).toMatchObject({ restarted: { kind: 'unexpected' }, asked: 1 });
});

test('throws for an answer that came whole and is none', async () => {
  await expect(restartWith(answer('{"epoch":'))).rejects.toThrow('an answer that is none: {"epoch":');
});
