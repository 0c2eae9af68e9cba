import { createServer } from 'node:net';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ended } from '../testing/fake-routes.ts';
import { echo, startAgent, unusedUrl } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

const json = { 'content-type': 'application/json' };
const submit = (session: ReadyRecord) =>
  plane.call({
    method: 'POST',
    path: `/v1/sessions/${session.session_id}/steps`,
    headers: json,
    body: '{"code":"1"}',
  });
const upload = (session: ReadyRecord, body: string) =>
  plane.call({ method: 'PUT', path: `/v1/sessions/${session.session_id}/files/a`, body });
const consistentReads = () => plane.routes.reads.filter(({ consistent }) => consistent).length;

it('gives up a connection that cannot be established after three retries', async () => {
  const response = await submit(plane.addSession(await unusedUrl()));
  expect(response.status).toBe(503);
  expect(JSON.parse(response.text)).toMatchObject({
    error: { code: 'runtime_unreachable', retryable: false, details: { attempts: 4 } },
  });
  expect(response.headers['steppe-step-id']).toMatch(/^stp_/);
  // One after the first attempt, and one after the last.
  expect(consistentReads()).toBe(2);
  await expect
    .poll(() => plane.requests())
    .toMatchObject([{ outcome: 'runtime_unreachable', attempts: 4 }]);
});

it('succeeds when a retry gets its connection', async () => {
  await plane.closeAll();
  plane = await startTestDataPlane({ connectRetryDelaysMs: Array(500).fill(20) });
  const url = await unusedUrl();
  const responding = submit(plane.addSession(url));
  await expect.poll(consistentReads).toBe(1);
  const agent = await plane.startAgent(echo, Number(new URL(url).port));
  expect((await responding).status).toBe(200);
  expect(agent.seen).toHaveLength(1);
});

it('reports after the first attempt that the session has ended', async () => {
  await plane.closeAll();
  plane = await startTestDataPlane({ connectRetryDelaysMs: [600_000] });
  const session = plane.addSession(await unusedUrl());
  plane.routes.consistent.set(session.session_id, ended(session));
  const response = await submit(session);
  expect(response.status).toBe(410);
  expect(JSON.parse(response.text).error.details).toEqual({ end_reason: 'deleted' });
  expect(response.headers['steppe-step-id']).toMatch(/^stp_/);
});

it('reports the runtime as unreachable even while the store is unavailable', async () => {
  const session = plane.addSession(await unusedUrl());
  const { get } = plane.routes;
  plane.routes.get = async (sessionId, options) => {
    if (options.consistent) throw new SessionStoreUnavailableError('out');
    return get(sessionId, options);
  };
  expect(JSON.parse((await submit(session)).text).error.code).toBe('runtime_unreachable');
});

/** Accepts requests and then breaks the connection. */
const startBreaker = async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.once('data', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    close: () => server.close(),
  };
};

it.each(['PUT', 'DELETE'])(
  'never retries a non-idempotent call that may have arrived: %s of a file',
  async (method) => {
    const breaker = await startBreaker();
    const session = plane.addSession(breaker.url);
    // It does not retry at the session's new address either.
    const agent = await plane.startAgent(echo);
    plane.routes.consistent.set(session.session_id, { ...session, version: 2, address: agent.url });
    const path = `/v1/sessions/${session.session_id}/files/a`;
    const response = await plane.call({ method, path, ...(method === 'PUT' && { body: 'bytes' }) });
    expect(JSON.parse(response.text).error).toMatchObject({
      code: 'runtime_unreachable',
      retryable: false,
    });
    expect([breaker.connections(), agent.seen.length]).toEqual([1, 0]);
    breaker.close();
  },
);

it.each([
  ['POST', 'steps', '{"code":"1"}'],
  ['POST', 'steps/stp_1/cancel', undefined],
  ['POST', 'restart', undefined],
  ['GET', 'steps', undefined],
  ['GET', 'steps/stp_1', undefined],
  ['GET', 'steps/stp_1/events', undefined],
  ['GET', 'files/a', undefined],
  ['HEAD', 'files/a', undefined],
])(
  'retries idempotent calls three times, then reads the route again: %s %s',
  async (method, tail, body) => {
    const breaker = await startBreaker();
    const path = `/v1/sessions/${plane.addSession(breaker.url).session_id}/${tail}`;
    const response = await plane.call({
      method,
      path,
      headers: body ? json : {},
      ...(body && { body }),
    });
    expect(response.status).toBe(503);
    expect(breaker.connections()).toBe(4);
    expect(consistentReads()).toBe(1);
    breaker.close();
  },
);

it('retries a short response that was interrupted before the client received any', async () => {
  let requests = 0;
  const agent = await plane.startAgent((_, res) => {
    requests += 1;
    res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '6' });
    if (requests > 1) return void res.end('whole!');
    // Write two pieces that arrive separately.
    res.write('wh', () => setTimeout(() => res.write('ol', () => res.destroy()), 50));
  });
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a`;
  expect(await plane.call({ path })).toMatchObject({ status: 200, text: 'whole!' });
  expect(requests).toBe(2);
});

it('returns 410 if the agent of an ended session disconnects in the middle', async () => {
  const breaker = await startBreaker();
  const session = plane.addSession(breaker.url);
  plane.routes.consistent.set(session.session_id, ended(session));
  expect((await submit(session)).status).toBe(410);
  breaker.close();
});

/** The rejections of an agent that serves another session, and of one of another installation. */
const rejections = [421, 401];

it.each(
  rejections.flatMap((rejection) => [201, 410, 503].map((status) => ({ rejection, status }))),
)(
  'never shows a $rejection: it follows the session to its new address and shows the $status from there',
  async ({ rejection, status }) => {
    const stranger = await plane.startAgent((_, res) => res.writeHead(rejection).end('{}'));
    const agent = await plane.startAgent((_, res) => res.writeHead(status).end('here'));
    const session = plane.addSession(stranger.url);
    plane.routes.consistent.set(session.session_id, {
      ...session,
      version: 2,
      address: agent.url,
      instance_id: newInstanceId(),
    });
    expect(await submit(session)).toMatchObject({ status, text: 'here' });
    expect([stranger.seen.length, agent.seen.length]).toEqual([1, 1]);
  },
);

it('follows a session only once, whatever address the next read returns', async () => {
  const agent = await plane.startAgent(echo);
  const second = await plane.startAgent((_, res) => {
    plane.routes.consistent.set(session.session_id, { ...session, version: 3, address: agent.url });
    res.writeHead(421).end();
  });
  const first = await plane.startAgent((_, res) => res.writeHead(421).end());
  const session = plane.addSession(first.url);
  plane.routes.consistent.set(session.session_id, { ...session, version: 2, address: second.url });
  expect(JSON.parse((await submit(session)).text).error.code).toBe('runtime_unreachable');
  expect([first, second, agent].map(({ seen }) => seen.length)).toEqual([1, 1, 0]);
});

it('marks a 421 as retryable while the store is unavailable', async () => {
  const stranger = await plane.startAgent((_, res) => res.writeHead(421).end());
  const session = plane.addSession(stranger.url);
  const { get } = plane.routes;
  plane.routes.get = async (sessionId, options) => {
    if (options.consistent) throw new SessionStoreUnavailableError('out');
    return get(sessionId, options);
  };
  expect(JSON.parse((await submit(session)).text).error).toMatchObject({
    code: 'route_store_unavailable',
    retryable: true,
  });
});

it.each([
  [421, 503, 'runtime_unreachable'],
  // Our key is wrong.
  [401, 500, 'internal'],
])(
  'responds to a %i without a new address with the state of the row',
  async (rejection, status, code) => {
    const stranger = await plane.startAgent((_, res) => res.writeHead(rejection).end());
    const living = await submit(plane.addSession(stranger.url));
    expect([living.status, JSON.parse(living.text).error.code]).toEqual([status, code]);
    const session = plane.addSession(stranger.url);
    plane.routes.consistent.set(session.session_id, ended(session));
    expect((await submit(session)).status).toBe(410);
  },
);

it('sends an upload again if it was lost before the session moved', async () => {
  const stranger = await plane.startAgent((req, res) => {
    req.once('data', () => res.writeHead(421).end());
  });
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(stranger.url);
  plane.routes.consistent.set(session.session_id, { ...session, version: 2, address: agent.url });
  const response = await upload(session, 'some bytes');
  expect(JSON.parse(response.text).error).toMatchObject({
    code: 'runtime_unreachable',
    retryable: true,
  });
  expect(agent.seen).toEqual([]);
  expect(await upload(session, 'some bytes')).toMatchObject({ status: 200 });
});

it('keeps an upload complete across attempts that never connected', async () => {
  const url = await unusedUrl();
  await plane.closeAll();
  plane = await startTestDataPlane({ connectRetryDelaysMs: Array(500).fill(20) });
  const responding = upload(plane.addSession(url), 'some bytes');
  await expect.poll(consistentReads).toBe(1);
  const agent = await startAgent(echo, Number(new URL(url).port));
  expect(JSON.parse((await responding).text).body).toBe('some bytes');
  await agent.close();
});

it('serves a known route through an outage of the store', async () => {
  await plane.closeAll();
  plane = await startTestDataPlane({ routeCache: { max: 9, ttlMs: 0, staleMs: 0 } });
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  await submit(session);
  plane.routes.failure = new SessionStoreUnavailableError('out');
  for (let i = 0; i < 3; i++) expect((await submit(session)).status).toBe(200);
  await expect
    .poll(() => plane.requests().map((line) => line.route))
    .toEqual(['miss', 'stale', 'stale', 'stale']);
  expect(JSON.parse((await submit(plane.addSession(agent.url))).text).error.code).toBe(
    'route_store_unavailable',
  );
});

it('keeps the route of an agent that refused a connection through an outage of the store', async () => {
  const url = await unusedUrl();
  const session = plane.addSession(url);
  const port = Number(new URL(url).port);
  const agent = await startAgent(echo, port);
  await submit(session);
  await agent.close();
  plane.routes.failure = new SessionStoreUnavailableError('out');
  expect(JSON.parse((await submit(session)).text).error.code).toBe('runtime_unreachable');
  const again = await startAgent(echo, port);
  expect((await submit(session)).status).toBe(200);
  await again.close();
});
