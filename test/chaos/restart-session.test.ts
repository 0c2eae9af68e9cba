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
const response = (text: string): Reply => ({ kind: 'response', response: new Response(text) });

/** What comes of a restart with these responses, and how often it was sent. */
async function restartWith(...replies: Reply[]) {
  let calls = 0;
  const api: ApiCaller = { call: async () => replies[calls++] ?? { kind: 'broken' } };
  return { restarted: await restartSession(api, 'ses_1', 3, patient), calls };
}

test.each<[string, Reply[], object]>([
  ['succeeds', [response('{"epoch":4}')], { kind: 'epoch', epoch: 4 }],
  [
    'has its response lost',
    [{ kind: 'broken' }, refusal('epoch_mismatch', { epoch: 4 })],
    { kind: 'epoch', epoch: 4 },
  ],
  [
    'cannot reach its agent at first',
    [refusal('runtime_unreachable'), response('{"epoch":4}')],
    { kind: 'epoch', epoch: 4 },
  ],
  ['comes too late', [refusal('session_ended')], { kind: 'session_ended' }],
])('learns what came of a restart that %s', async (_, replies, restarted) => {
  expect(await restartWith(...replies)).toEqual({ restarted, calls: replies.length });
});

test('calls a refusal unexpected that no fault explains', async () => {
  expect(await restartWith(refusal('internal'))).toMatchObject({
    restarted: { kind: 'unexpected' },
    calls: 1,
  });
});

test('throws for a complete but invalid response', async () => {
  await expect(restartWith(response('{"epoch":'))).rejects.toThrow(
    'an invalid response: {"epoch":',
  );
});
