import { once } from 'node:events';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, readAll, responseOf } from '../testing/call.ts';
import { ended } from '../testing/fake-routes.ts';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';
import { wholeStream } from '../testing/step-agent.ts';

// Long enough for a busy machine to send its keepalives in time.
const limitMs = 900;
let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane({ agentIdleTimeoutMs: limitMs });
});
afterEach(() => plane.closeAll());

const stepsOf = (session: ReadyRecord) => `/v1/sessions/${session.session_id}/steps`;
const json = { 'content-type': 'application/json' };
/** Resolves when another agent, which was called now and sends nothing, is given up. */
const giveUpAnotherAgent = async () => {
  const agent = await plane.startAgent(() => {});
  expect((await plane.call({ path: stepsOf(plane.addSession(agent.url)) })).status).toBe(504);
};

it('gives up an agent that sends nothing, and closes its connection', async () => {
  let closed: Promise<unknown> | undefined;
  const agent = await plane.startAgent((_, res) => {
    closed = once(res, 'close');
  });
  const path = stepsOf(plane.addSession(agent.url));
  const response = await plane.call({ method: 'POST', path, headers: json, body: '{"code":"1"}' });
  expect(response.status).toBe(504);
  expect(JSON.parse(response.text).error.code).toBe('step_deadline_exceeded');
  expect(response.headers['steppe-step-id']).toMatch(/^stp_/);
  await closed;
});

const silentCall = async (prepare: (session: ReadyRecord) => void) => {
  const agent = await plane.startAgent(() => prepare(session));
  const session = plane.addSession(agent.url);
  const path = stepsOf(session);
  const response = await plane.call({ method: 'POST', path, headers: json, body: '{"code":"1"}' });
  const consistentReads = plane.routes.reads.filter(
    (read) => read.consistent && read.sessionId === session.session_id,
  );
  return {
    session,
    status: response.status,
    error: JSON.parse(response.text).error,
    consistentReads,
  };
};

it('returns 410 for an unresponsive agent of an ended session after a consistent read', async () => {
  const { status, error, consistentReads } = await silentCall((session) => {
    plane.routes.consistent.set(session.session_id, ended(session));
  });
  expect({ status, code: error.code }).toEqual({ status: 410, code: 'session_ended' });
  expect(error.details.end_reason).toBe('deleted');
  expect(consistentReads).toHaveLength(1);
});

it('returns 504 for an unresponsive agent of a running session, after one read', async () => {
  const { status, error, consistentReads } = await silentCall(() => {});
  expect({ status, code: error.code }).toEqual({ status: 504, code: 'step_deadline_exceeded' });
  expect(consistentReads).toHaveLength(1);
});

it('returns 504 and forgets the route if an unresponsive agent’s route is unreadable', async () => {
  const { session, status, error } = await silentCall(() => {
    plane.routes.failure = new SessionStoreUnavailableError('out');
  });
  expect({ status, code: error.code }).toEqual({ status: 504, code: 'step_deadline_exceeded' });
  expect((await plane.call({ path: stepsOf(session) })).status).toBe(503);
});

it('forgets the route of an agent that goes idle in the middle of a response', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(200).write('first'));
  const session = plane.addSession(agent.url);
  await expect(plane.call({ path: stepsOf(session) })).rejects.toMatchObject({
    code: 'ECONNRESET',
  });
  plane.routes.rows.set(session.session_id, ended(session));
  expect((await plane.call({ path: stepsOf(session) })).status).toBe(410);
});

it('waits as long as the agent sends keepalives', async () => {
  const agent = await plane.startAgent((_, res) => {
    res.writeHead(200, json);
    let spaces = 0;
    const timer = setInterval(() => {
      res.write(' ');
      if (++spaces < 9) return;
      clearInterval(timer);
      res.end('{}');
    }, limitMs / 6);
  });
  const response = await plane.call({ path: stepsOf(plane.addSession(agent.url)) });
  expect(JSON.parse(response.text)).toEqual({});
});

it('cuts off a response that goes idle in the middle', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(200).write('first'));
  const client = open(plane.port, {
    path: stepsOf(plane.addSession(agent.url)),
    headers: { authorization: plane.authorization },
  });
  client.end();
  await expect(readAll(await responseOf(client))).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect.poll(() => plane.requests()).toMatchObject([{ outcome: 'step_deadline_exceeded' }]);
});

it('resumes an idle event stream over another connection', async () => {
  const texts = ['one', 'two', 'end'];
  const agent = await plane.startAgent((req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    if (req.method === 'POST') res.write(wholeStream('text/event-stream', ['one']));
    else res.end(wholeStream('text/event-stream', texts, 1));
  });
  const path = stepsOf(plane.addSession(agent.url));
  const response = await plane.call({
    method: 'POST',
    path,
    headers: { ...json, accept: 'text/event-stream' },
    body: '{"code":"1"}',
  });
  expect(response).toMatchObject({ status: 200, text: wholeStream('text/event-stream', texts) });
  expect(agent.seen.at(-1)).toMatch(/^GET .*\/events\?after=1$/);
});

it('does not blame the agent for a client that sends its file slowly', async () => {
  const agent = await plane.startAgent(echo);
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a`;
  const client = open(plane.port, {
    method: 'PUT',
    path,
    headers: { authorization: plane.authorization },
  });
  client.write('slow ');
  await giveUpAnotherAgent();
  client.end('file');
  expect(JSON.parse((await readAll(await responseOf(client))).text).body).toBe('slow file');
});

it('blames an agent that reads nothing of an upload', async () => {
  const agent = await plane.startAgent(() => {});
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a`;
  const client = open(plane.port, {
    method: 'PUT',
    path,
    headers: { authorization: plane.authorization },
  });
  client.on('error', () => {});
  const megabyte = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 32; i++) client.write(megabyte);
  expect((await responseOf(client)).statusCode).toBe(504);
  client.destroy();
});

it('does not blame the agent for a client that reads slowly', async () => {
  const size = 32 * 1024 * 1024;
  const agent = await plane.startAgent((_, res) => res.writeHead(200).end(Buffer.alloc(size)));
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a`;
  const client = open(plane.port, { path, headers: { authorization: plane.authorization } });
  client.end();
  const response = await responseOf(client);
  await giveUpAnotherAgent();
  let got = 0;
  for await (const chunk of response) got += (chunk as Buffer).length;
  expect(got).toBe(size);
});
