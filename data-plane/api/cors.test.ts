import { responseHeaders } from '@steppe/contracts/operations/headers';
import { exposedHeaders } from '@steppe/service-kit/http/browsers/allow-origins';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Call, open, responseOf } from '../testing/call.ts';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

const origin = 'https://app.test';
const other = 'https://other.test';
let plane: TestDataPlane;
let closed: TestDataPlane;
beforeAll(async () => {
  [plane, closed] = await Promise.all([
    startTestDataPlane({ corsOrigins: [origin] }),
    startTestDataPlane(),
  ]);
});
afterAll(() => Promise.all([plane.closeAll(), closed.closeAll()]));

const path = '/v1/sessions/ses_none/steps';
const preflight = (from: string) => ({
  method: 'OPTIONS',
  path,
  headers: {
    authorization: '',
    origin: from,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,idempotency-key,last-event-id',
  },
});

const ofBrowsers = (headers: NodeJS.Dict<string | string[]>) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)),
  );

/** The headers of every response to a page that may call. */
const readable = {
  'access-control-allow-origin': origin,
  'access-control-expose-headers': exposedHeaders.join(', '),
  vary: 'Origin',
};

test('allows a preflight of a listed origin without a token', async () => {
  const { status, headers, text } = await plane.call(preflight(origin));
  expect({ status, text }).toEqual({ status: 204, text: '' });
  expect(ofBrowsers(headers)).toEqual({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET,HEAD,POST,PUT,PATCH,DELETE',
    'access-control-allow-headers': 'authorization,content-type,idempotency-key,last-event-id',
    'access-control-max-age': '600',
    vary: expect.stringContaining('Origin'),
  });
});

test('allows no preflight of other origins, and none at all if no origin is listed', async () => {
  for (const [target, from] of [
    [plane, other],
    [closed, origin],
  ] as const) {
    const { status, headers } = await target.call(preflight(from));
    expect(status).toBe(405);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
});

test('lets a page read a forwarded response', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  const { status, headers } = await plane.call({
    path: `/v1/sessions/${session.session_id}/steps`,
    headers: { origin },
  });
  expect({ status, ...ofBrowsers(headers) }).toEqual({ status: 200, ...readable });
  expect(agent.requests[0]?.headers).not.toHaveProperty('origin');
});

test('lets a page read a stream as it arrives', async () => {
  const agent = await plane.startAgent((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
  });
  const session = plane.addSession(agent.url);
  const headers = { authorization: plane.authorization, origin, accept: 'text/event-stream' };
  const client = open(plane.port, {
    path: `/v1/sessions/${session.session_id}/steps/s/events`,
    headers,
  });
  client.end();
  const response = await responseOf(client);
  expect(ofBrowsers(response.headers)).toEqual(readable);
  response.destroy();
});

test.each<[number, Call]>([
  [401, { path, headers: { authorization: '' } }],
  [403, { path, headers: { authorization: 'Bearer tenant sessions:read' } }],
  [404, { path }],
  [404, { path: '/nothing' }],
  [405, { path, method: 'DELETE' }],
  [503, { path: '/v1/sessions' }],
])('lets a page read an error %i of %j', async (expected, given) => {
  const { status, headers } = await plane.call({ ...given, headers: { ...given.headers, origin } });
  expect({ status, ...ofBrowsers(headers) }).toEqual({ status: expected, ...readable });
});

test('shows nothing to a page of another origin, and sends `Vary: Origin` to caches', async () => {
  for (const headers of [{ origin: other }, undefined]) {
    expect(ofBrowsers((await plane.call({ path, ...(headers && { headers }) })).headers)).toEqual({
      vary: 'Origin',
    });
  }
  expect(ofBrowsers((await closed.call({ path, headers: { origin } })).headers)).toEqual({});
});

test('exposes every header of the API document, except those that browsers always show', () => {
  const alwaysShown = ['Cache-Control', 'Last-Modified'];
  expect(exposedHeaders).toEqual(
    expect.arrayContaining(
      Object.keys(responseHeaders).filter((name) => !alwaysShown.includes(name)),
    ),
  );
});
