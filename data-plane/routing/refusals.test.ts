import { tenantIdSchema } from '@steppe/contracts/ids';
import { operations } from '@steppe/contracts/operations';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../testing/call.ts';
import { ready } from '../testing/fake-routes.ts';
import { echo, type FakeAgent } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
let agent: FakeAgent;
beforeAll(async () => {
  plane = await startTestDataPlane();
  agent = await plane.startAgent(echo);
});
afterAll(() => plane.closeAll());

const json = { 'content-type': 'application/json' };
const errorOf = (response: { text: string }) => JSON.parse(response.text).error;

const addForeign = () => {
  const record = ready(tenantIdSchema.parse('somebody-else'), agent.url);
  plane.routes.rows.set(record.session_id, record);
  return record.session_id;
};
const addOwn = () => plane.addSession(agent.url).session_id;

const calls = Object.entries(operations).map(([name, { method, path, scope }]) => ({
  name,
  scope,
  at: (sessionId: string) => ({
    method,
    path: path.replace(':session_id', sessionId).replace(':step_id', 'stp_1').replace('*', 'a.txt'),
    headers: method === 'POST' ? json : {},
    ...(method === 'POST' && { body: name === 'run_step' ? '{"code":""}' : '{}' }),
  }),
}));
const agentCalls = calls.filter(
  ({ name }) => operations[name as keyof typeof operations].servedBy === 'session-agent',
);

it.each(calls)('requires a token: $name', async ({ at }) => {
  const response = await call(plane.port, at(newSessionId()));
  expect(response.status).toBe(401);
  expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
});

it.each(calls)('requires the scope $scope: $name', async ({ at, scope }) => {
  const others = ['sessions:read', 'sessions:write', 'steps:run'].filter((name) => name !== scope);
  const authorization = `Bearer ${plane.tenantId} ${others.join(',')}`;
  const given = at(newSessionId());
  const response = await call(plane.port, {
    ...given,
    headers: { ...given.headers, authorization },
  });
  expect(response.status).toBe(403);
  if (given.method !== 'HEAD')
    expect(errorOf(response)).toMatchObject({ code: 'insufficient_scope' });
});

it.each(agentCalls)(
  'returns the same 404 for foreign and missing sessions: $name',
  async ({ at }) => {
    const headers = { 'x-request-id': 'same' };
    const [foreign, missing] = await Promise.all(
      [addForeign(), newSessionId()].map((id) => {
        const given = at(id);
        return plane.call({ ...given, headers: { ...given.headers, ...headers } });
      }),
    );
    const comparable = (response: typeof foreign) => ({
      ...response,
      headers: {
        ...response?.headers,
        date: '',
        'steppe-step-id': typeof response?.headers['steppe-step-id'],
      },
    });
    expect(foreign?.status).toBe(404);
    expect(comparable(foreign)).toEqual(comparable(missing));
  },
);

it.each([
  'x',
  'ses_',
  'ses_a-b',
  `ses_${'a'.repeat(65)}`,
  'SES_1',
  'ses_%41',
  '%73es_A',
  'ses_a%2Fb',
  'ses_a%00',
])('returns 404 for %s before it reads anything', async (id) => {
  const reads = plane.routes.reads.length;
  const response = await plane.call({ path: `/v1/sessions/${id}/steps` });
  expect([response.status, errorOf(response).code]).toEqual([404, 'session_not_found']);
  expect(plane.routes.reads).toHaveLength(reads);
});

describe('a path that points at another session', () => {
  it.each([
    '/files/../../FOREIGN/files/a',
    '/files/%2e%2e/%2e%2e/FOREIGN/files/a',
    '/files/.%2E/%2e./FOREIGN/steps',
    '/../FOREIGN/steps',
    '/%2e%2e/FOREIGN/files/a',
  ])('is checked by where it leads: %s', async (tail) => {
    const seen = agent.seen.length;
    const foreign = addForeign();
    const response = await plane.call({
      path: `/v1/sessions/${addOwn()}${tail.replace('FOREIGN', foreign)}`,
    });
    expect([response.status, errorOf(response).code]).toEqual([404, 'session_not_found']);
    expect(agent.seen).toHaveLength(seen);
  });

  it.each([
    '..%2f..%2fFOREIGN%2ffiles%2fa',
    '%252e%252e/FOREIGN/steps',
    'a%00b',
    '%zz',
    '%',
    '%c0%ae%c0%ae/FOREIGN',
    '..;/FOREIGN',
  ])('stays one of the own session where it is none, for the agent to check: %s', async (tail) => {
    const own = addOwn();
    const path = `/v1/sessions/${own}/files/${tail.replace('FOREIGN', addForeign())}`;
    const response = await plane.call({ path });
    expect(response.status).toBe(200);
    const { url, headers } = JSON.parse(response.text);
    expect(url).toBe(path);
    const claims = JSON.parse(
      Buffer.from(headers.authorization.split('.')[1], 'base64url').toString(),
    );
    expect(claims.session_id).toBe(own);
  });

  it('cannot leave the API', async () => {
    const seen = agent.seen.length;
    for (const path of [
      `/v1/sessions/${addOwn()}/../../../internal/state`,
      '/internal/bind',
      `/v1/sessions/${addOwn()}/internal/end`,
    ]) {
      expect((await plane.call({ method: 'POST', path })).status).toBe(404);
    }
    expect(agent.seen).toHaveLength(seen);
  });

  it('keeps the query', async () => {
    const path = `/v1/sessions/${addOwn()}/steps/stp_1/events?after=3&x=%2e%2e`;
    expect(JSON.parse((await plane.call({ path })).text).url).toBe(path);
  });
});

it('lists the allowed methods of a path', async () => {
  const response = await plane.call({ method: 'PATCH', path: `/v1/sessions/${addOwn()}/steps` });
  expect([response.status, response.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
});

it.each(['/', '/v1', '/v1/nothing', '/v2/sessions', '/v1//sessions', '/v1/sessions/'])(
  'returns 404 for the path %s',
  async (path) => {
    const response = await plane.call({ path });
    expect([response.status, errorOf(response).code]).toEqual([404, 'route_not_found']);
  },
);

const mib = 1024 * 1024;
describe('the body of a step', () => {
  it.each<[string, string | Buffer | undefined, object, number, object]>([
    [
      'an unknown field',
      '{"code":"1","cod":"2"}',
      json,
      400,
      { details: { issues: [{ path: 'cod' }] } },
    ],
    ['a wrong type', '{"code":1}', json, 400, { details: { issues: [{ path: 'code' }] } }],
    ['no code', '{}', json, 400, { code: 'invalid_request' }],
    ['a number', '7', json, 400, { code: 'invalid_request' }],
    [
      'what is not JSON',
      '{"code":',
      json,
      400,
      { message: expect.stringContaining('not valid JSON') },
    ],
    ['nothing', '', json, 400, { message: expect.stringContaining('empty') }],
    ['nothing at all', undefined, {}, 415, { code: 'unsupported_media_type' }],
    [
      'invalid UTF-8',
      Buffer.from([0x7b, 0x22, 0xff, 0x22]),
      json,
      400,
      { message: expect.stringContaining('not UTF-8') },
    ],
    [
      'another type',
      'code=1',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      { code: 'unsupported_media_type' },
    ],
    [
      'code of 1 MiB and 1',
      JSON.stringify({ code: 'a'.repeat(mib + 1) }),
      json,
      413,
      { details: { limit: 'code', max_bytes: mib } },
    ],
    [
      'a body of 8 MiB and more',
      Buffer.alloc(8 * mib + 1, 32),
      json,
      413,
      { details: { limit: 'body', max_bytes: 8 * mib } },
    ],
    [
      'a bad step id',
      '{"code":"","step_id":"a b"}',
      json,
      400,
      { details: { issues: [{ path: 'step_id' }] } },
    ],
    [
      'no time',
      '{"code":"","timeout_ms":0}',
      json,
      400,
      { details: { issues: [{ path: 'timeout_ms' }] } },
    ],
  ])('may not be %s', async (_, body, headers, status, expected) => {
    const seen = agent.seen.length;
    const path = `/v1/sessions/${addOwn()}/steps`;
    const response = await plane.call({
      method: 'POST',
      path,
      headers: { ...headers },
      ...(body !== undefined && { body }),
    });
    expect(response.status).toBe(status);
    expect(errorOf(response)).toMatchObject(expected);
    expect(response.headers).not.toHaveProperty('steppe-step-id');
    expect(agent.seen).toHaveLength(seen);
  });

  it('may contain code of exactly 1 MiB', async () => {
    const body = JSON.stringify({ code: 'a'.repeat(mib) });
    const response = await plane.call({
      method: 'POST',
      path: `/v1/sessions/${addOwn()}/steps`,
      headers: json,
      body,
    });
    expect(response.status).toBe(200);
  });
});

it('checks the body of a restart', async () => {
  const path = `/v1/sessions/${addOwn()}/restart`;
  const response = await plane.call({ method: 'POST', path, headers: json, body: '{"epoch":2}' });
  expect(JSON.parse(JSON.parse(response.text).body)).toEqual({ epoch: 2 });
  const refused = await plane.call({ method: 'POST', path, headers: json, body: '{"epoch":"2"}' });
  expect(refused.status).toBe(400);
});

it('lets a cancel have no body', async () => {
  const path = `/v1/sessions/${addOwn()}/steps/stp_1/cancel`;
  expect((await plane.call({ method: 'POST', path })).status).toBe(200);
  expect(
    (await plane.call({ method: 'POST', path, headers: json, body: '{"force":true}' })).status,
  ).toBe(400);
});

it('forwards no body if the operation takes none', async () => {
  const path = `/v1/sessions/${addOwn()}/files/a`;
  const response = await plane.call({
    method: 'DELETE',
    path,
    headers: { 'content-length': '4' },
    body: 'body',
  });
  const got = JSON.parse(response.text);
  expect(got.body).toBe('');
  expect(got.headers).not.toHaveProperty('content-type');
});
