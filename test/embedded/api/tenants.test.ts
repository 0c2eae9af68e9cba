import { sessionListSchema, sessionSchema } from '@steppe/contracts/session';
import { stepListSchema } from '@steppe/contracts/step';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { listFiles, readText } from '../../support/api/files.ts';
import { python } from '../../support/api/languages.ts';
import { letGo, resultOf, stepThatWrote, submit } from '../../support/api/steps.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

const neverWas = 'ses_00000000000000000000000000';
const calls = [
  { name: 'get', method: 'GET', path: '' },
  {
    name: 'patch',
    method: 'PATCH',
    path: '',
    body: { metadata: { owner: 'stranger' }, ttl_seconds: 1 },
  },
  { name: 'delete', method: 'DELETE', path: '' },
  {
    name: 'run a step',
    method: 'POST',
    path: '/steps',
    body: { code: 'kept = 0', step_id: 'strange' },
  },
  {
    name: 'run a step at an epoch',
    method: 'POST',
    path: '/steps',
    body: { code: 'kept = 0', step_id: 'strange', epoch: 1 },
  },
  { name: 'list steps', method: 'GET', path: '/steps' },
  { name: 'get a step', method: 'GET', path: '/steps/running' },
  { name: 'follow a step', method: 'GET', path: '/steps/running/events?after=0' },
  { name: 'cancel a step', method: 'POST', path: '/steps/running/cancel' },
  { name: 'get a step that never was', method: 'GET', path: '/steps/none' },
  { name: 'restart', method: 'POST', path: '/restart', body: { epoch: 1 } },
  { name: 'list files', method: 'GET', path: '/files?recursive=true' },
  { name: 'read a file', method: 'GET', path: '/files/kept.txt' },
  { name: 'request a file', method: 'HEAD', path: '/files/kept.txt' },
  { name: 'replace a file', method: 'PUT', path: '/files/kept.txt', body: 'strange' },
  { name: 'write a file', method: 'PUT', path: '/files/strange.txt', body: 'strange' },
  { name: 'remove a file', method: 'DELETE', path: '/files/kept.txt' },
  { name: 'read a file that never was', method: 'GET', path: '/files/none' },
];

/**
 * Everything in a response except its date. The session's id is removed because it differs between
 * sessions.
 */
async function wholeResponse(
  client: Client,
  sessionId: string,
  { method, path, body }: (typeof calls)[number],
) {
  const response = await client.call(method, `/v1/sessions/${sessionId}${path}`, body, {
    'x-request-id': 'the-same',
  });
  const headers = [...response.headers].filter(([name]) => name !== 'date');
  return {
    status: response.status,
    headers,
    body: (await response.text()).replaceAll(sessionId, '<id>'),
  };
}

describe('a session of another tenant', () => {
  let owner: Client;
  let stranger: Client;
  let id: string;
  beforeAll(async () => {
    owner = await local().newClient();
    stranger = await local().newClient();
    id = (await owner.createSession({ metadata: { owner: 'owner' } })).session_id;
    await owner.run(id, 'kept = 41\nopen("kept.txt", "w").write("owned")');
    await submit(owner, id, python.waitForGo, { step_id: 'running' });
    await stepThatWrote(owner, id, 'running', 'waiting');
  });

  test.each(calls)('returns the same as a session that never existed: $name', async (call) => {
    const response = await wholeResponse(stranger, id, call);
    expect(response).toEqual(await wholeResponse(stranger, neverWas, call));
    expect(response.status).toBe(404);
    if (call.method !== 'HEAD')
      expect(JSON.parse(response.body).error.code).toBe('session_not_found');
  });

  test('is not in the list', async () => {
    const list = await stranger.call('GET', '/v1/sessions?metadata.owner=owner');
    expect(sessionListSchema.parse(await list.json()).sessions).toEqual([]);
  });

  test('is unchanged by these calls', async () => {
    const session = await owner.call('GET', `/v1/sessions/${id}`);
    expect(sessionSchema.parse(await session.json()).metadata).toEqual({ owner: 'owner' });
    const { entries } = await listFiles(owner, id);
    expect(entries.map(({ path }) => path)).toEqual(['kept.txt']);
    expect(await readText(owner, id, 'kept.txt')).toBe('owned');
    await letGo(owner, id);
    expect(await resultOf(owner, id, 'running')).toMatchObject({ status: 'completed', epoch: 1 });
    expect((await owner.run(id, python.recall)).results).toMatchObject([{ 'text/plain': '42' }]);
    const steps = await owner.call('GET', `/v1/sessions/${id}/steps`);
    expect(stepListSchema.parse(await steps.json()).steps).toHaveLength(3);
  });
});

test('an ended session of another tenant returns the same as a session that never existed', async () => {
  const [owner, stranger] = [await local().newClient(), await local().newClient()];
  const { session_id: id } = await owner.createSession();
  expect((await owner.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  for (const call of calls) {
    expect(await wholeResponse(stranger, id, call), call.name).toEqual(
      await wholeResponse(stranger, neverWas, call),
    );
  }
});

test('an Idempotency-Key of another tenant has no effect', async () => {
  const [owner, stranger] = [await local().newClient(), await local().newClient()];
  const create = async (client: Client) => {
    const response = await client.call('POST', '/v1/sessions', {}, { 'idempotency-key': 'shared' });
    return sessionSchema.parse(await response.json()).session_id;
  };
  expect(await create(stranger)).not.toBe(await create(owner));
});
