import { createdRouteHeader, encodeCreatedRoute } from '@steppe/contracts/created-route';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, responseOf } from '../testing/call.ts';
import { ready } from '../testing/fake-routes.ts';
import { echo, type FakeAgent, startAgent, unusedUrl } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let controlPlane: FakeAgent;
let plane: TestDataPlane;
beforeEach(async () => {
  controlPlane = await startAgent(echo);
  plane = await startTestDataPlane({ controlPlaneUrl: controlPlane.url });
});
afterEach(async () => {
  await plane.closeAll();
  await controlPlane.close();
});

const errorOf = (response: { text: string }) => JSON.parse(response.text).error;

it.each([
  ['POST', '/v1/sessions', '{"runtime":"python"}'],
  ['GET', '/v1/sessions?limit=2&metadata.a=b%20c', undefined],
  ['GET', '/v1/sessions/ses_1', undefined],
  ['PATCH', '/v1/sessions/ses_1', '{"metadata":{}}'],
  ['DELETE', '/v1/sessions/ses_1', undefined],
  ['GET', '/v1/runtimes', undefined],
])('passes %s %s on as it is, with the token of its caller', async (method, path, body) => {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    'idempotency-key': 'k',
    prefer: 'respond-async',
  };
  const response = await plane.call({ method, path, headers, ...(body && { body }) });
  expect(response.status).toBe(200);
  const got = JSON.parse(response.text);
  expect(got).toMatchObject({
    url: path,
    body: body ?? '',
    headers: {
      authorization: plane.authorization,
      'idempotency-key': 'k',
      prefer: 'respond-async',
    },
  });
  expect(got.headers['x-request-id']).toBe(response.headers['x-request-id']);
  expect(plane.routes.reads).toEqual([]);
});

const startCreating = async (route: string) => {
  await plane.closeAll();
  const creating = await startAgent((_, res) =>
    res.writeHead(201, { [createdRouteHeader]: route, location: '/v1/sessions/x' }).end('{}'),
  );
  plane = await startTestDataPlane({ controlPlaneUrl: creating.url });
  return creating;
};

it('routes the first step by what the create tells, for its tenant alone', async () => {
  const agent = await startAgent(echo);
  const record = ready(tenantIdSchema.parse('mine'), agent.url);
  const creating = await startCreating(encodeCreatedRoute(record));
  const created = await plane.call({ method: 'POST', path: '/v1/sessions' });
  expect([created.status, created.headers]).toMatchObject([201, { location: '/v1/sessions/x' }]);
  expect(created.headers).not.toHaveProperty(createdRouteHeader);
  const path = `/v1/sessions/${record.session_id}/steps`;
  const own = await plane.call({ path, headers: { authorization: 'Bearer mine' } });
  expect([own.status, plane.routes.reads]).toEqual([200, []]);
  expect((await plane.call({ path })).status).toBe(404);
  expect(agent.seen).toHaveLength(1);
  await Promise.all([agent.close(), creating.close()]);
});

it.each(['', '!', 'e30', Buffer.from('{"state":"ready"}').toString('base64url')])(
  'responds to a create whose route it cannot read, such as %j',
  async (route) => {
    const creating = await startCreating(route);
    const created = await plane.call({ method: 'POST', path: '/v1/sessions' });
    expect(created.status).toBe(201);
    expect(created.headers).not.toHaveProperty(createdRouteHeader);
    await creating.close();
  },
);

it('streams a body that is not JSON, and leaves the check to the control-plane', async () => {
  const response = await plane.call({
    method: 'POST',
    path: '/v1/sessions',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  });
  expect(JSON.parse(response.text)).toMatchObject({
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  });
});

it('does not call the control-plane for unknown callers or invalid ids', async () => {
  const path = '/v1/sessions';
  expect((await plane.call({ path, headers: { authorization: '' } })).status).toBe(401);
  expect((await plane.call({ path: '/v1/sessions/nonsense' })).status).toBe(404);
  expect(controlPlane.seen).toEqual([]);
});

it('reports that the control-plane does not respond, and keeps serving steps', async () => {
  await plane.closeAll();
  plane = await startTestDataPlane({ controlPlaneUrl: await unusedUrl() });
  const response = await plane.call({ method: 'POST', path: '/v1/sessions', body: '{}' });
  expect(response.status).toBe(503);
  expect(errorOf(response)).toMatchObject({ code: 'runtime_unreachable', retryable: true });
  expect(errorOf(response).message).toContain('control-plane');
  const agent = await plane.startAgent(echo);
  const { session_id } = plane.addSession(agent.url);
  expect((await plane.call({ path: `/v1/sessions/${session_id}/steps` })).status).toBe(200);
});

it.each([
  ['POST', {}, false],
  ['POST', { 'idempotency-key': 'k' }, true],
  ['GET', {}, true],
])(
  'marks %s with %o that may have been executed as retryable: %s',
  async (method, headers, retryable) => {
    await plane.closeAll();
    const unresponsive = await startAgent(() => {});
    plane = await startTestDataPlane({
      controlPlaneUrl: unresponsive.url,
      controlPlaneIdleTimeoutMs: 50,
    });
    const response = await plane.call({ method, path: '/v1/sessions', headers: { ...headers } });
    expect(errorOf(response)).toMatchObject({ code: 'runtime_unreachable', retryable });
    await unresponsive.close();
  },
);

it('closes the upstream request when the client leaves', async () => {
  await plane.closeAll();
  let closed = false;
  const slow = await startAgent((_, res) => res.on('close', () => (closed = true)));
  plane = await startTestDataPlane({ controlPlaneUrl: slow.url });
  const client = open(plane.port, {
    path: '/v1/sessions',
    headers: { authorization: plane.authorization },
  }).on('error', () => {});
  client.end();
  await expect.poll(() => slow.seen.length).toBe(1);
  client.destroy();
  await expect.poll(() => closed).toBe(true);
  await slow.close();
});

it('cuts off a response that the control-plane cuts off', async () => {
  await plane.closeAll();
  const breaking = await startAgent((_, res) =>
    res.writeHead(200).write('half of it', () => res.destroy()),
  );
  plane = await startTestDataPlane({ controlPlaneUrl: breaking.url });
  await expect(plane.call({ path: '/v1/sessions' })).rejects.toThrow('aborted');
  await expect.poll(() => plane.requests()).toMatchObject([{ outcome: 'runtime_unreachable' }]);
  await breaking.close();
});

it('responds to HEAD through the control-plane', async () => {
  const client = open(plane.port, {
    method: 'HEAD',
    path: '/v1/sessions',
    headers: { authorization: plane.authorization },
  });
  client.end();
  expect((await responseOf(client)).statusCode).toBe(200);
  expect(controlPlane.seen).toEqual(['HEAD /v1/sessions']);
});
