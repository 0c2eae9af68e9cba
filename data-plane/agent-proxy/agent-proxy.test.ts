import type { ReadyRecord } from '@steppe/contracts/session-record';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

const stepsOf = (session: ReadyRecord) => `/v1/sessions/${session.session_id}/steps`;
const json = { 'content-type': 'application/json' };

it('adds a new id to a step, forwards the rest as it came, and names the id in the response', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  const path = stepsOf(session);
  const response = await plane.call({
    method: 'POST',
    path,
    headers: json,
    body: ' { "code" : "x = 1", "wait":true }\n',
  });
  expect(response.status).toBe(200);
  const stepId = response.headers['steppe-step-id'];
  expect(stepId).toMatch(/^stp_/);
  const got = JSON.parse(response.text);
  expect(got.url).toBe(path);
  expect(got.body).toBe(` {"step_id":"${stepId}", "code" : "x = 1", "wait":true }\n`);
  expect(got.headers).toMatchObject({ ...json, 'x-request-id': response.headers['x-request-id'] });
  expect(got.headers.authorization).toMatch(/^Bearer ey/);
  const claims = JSON.parse(
    Buffer.from(got.headers.authorization.split('.')[1], 'base64url').toString(),
  );
  expect(claims).toMatchObject({
    iss: 'data-plane',
    session_id: session.session_id,
    aud: session.instance_id,
  });
});

it('keeps the step id that the client chose', async () => {
  const agent = await plane.startAgent(echo);
  const path = stepsOf(plane.addSession(agent.url));
  const step_id = newStepId();
  const response = await plane.call({
    method: 'POST',
    path,
    headers: json,
    body: JSON.stringify({ code: '', step_id }),
  });
  expect(response.headers['steppe-step-id']).toBe(step_id);
  expect(JSON.parse(JSON.parse(response.text).body).step_id).toBe(step_id);
});

it('writes one log line for each step, with these fields and no others', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  const response = await plane.call({
    method: 'POST',
    path: stepsOf(session),
    headers: json,
    body: '{"code":"1"}',
  });
  await expect.poll(() => plane.requests()).toHaveLength(1);
  const ofRequest = {
    request_id: response.headers['x-request-id'],
    method: 'POST',
    operation: 'run_step',
    status: 200,
  };
  expect(plane.requests()).toEqual([
    {
      ...{ level: 'info', time: expect.any(String), service: 'test', msg: 'request' },
      ...ofRequest,
      tenant_id: plane.tenantId,
      session_id: session.session_id,
      instance_id: session.instance_id,
      target_endpoint: agent.url,
      auth_mode: 'jwt',
      step_id: response.headers['steppe-step-id'],
      outcome: 'ok',
      duration_ms: expect.any(Number),
      attempts: 1,
      route: 'miss',
    },
  ]);
});

it('logs neither code nor output nor a token, however a step ends', async () => {
  const marks = {
    code: 'marked_code',
    output: 'marked_output',
    env: 'marked_env',
    token: 'marked_token',
  };
  const body = JSON.stringify({ code: marks.code, env: { A: marks.env } });
  const output = JSON.stringify({ stdout: marks.output });
  const agents = [
    plane.startAgent((_, res) => res.end(output)),
    plane.startAgent((_, res) => res.writeHead(409).end(output)),
    plane.startAgent((_, res) => res.writeHead(401).end(output)),
    plane.startAgent(
      (req) =>
        void req.socket.write(`HTTP/1.1 200 ${marks.output}\r\nno header`, () =>
          req.socket.destroy(),
        ),
    ),
    plane.startAgent((req) => void req.socket.end(`${marks.output}\r\n\r\n`)),
    plane.startAgent((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${marks.output}`);
      setImmediate(() => res.destroy());
    }),
  ];
  for (const agent of agents) {
    const path = stepsOf(plane.addSession((await agent).url));
    await plane.call({ method: 'POST', path, headers: json, body }).catch(() => {});
    await plane.call({ method: 'POST', path, headers: json, body: body.slice(0, -1) });
    await plane.call({
      method: 'POST',
      path,
      headers: { ...json, authorization: `Bearer ${marks.token}` },
      body,
    });
    await plane.call({ path: `${path}/${marks.code}`.replace('steps/', 'none/') });
  }
  await expect.poll(() => plane.requests()).toHaveLength(4 * agents.length);
  const outcomes = new Set(plane.requests().map(({ outcome }) => outcome));
  expect(outcomes).toEqual(
    new Set([
      'ok',
      'error',
      'internal',
      'runtime_unreachable',
      'invalid_request',
      'session_not_found',
      'route_not_found',
    ]),
  );
  const internalTokens = (await Promise.all(agents)).flatMap(({ requests }) =>
    requests.map((req) => String(req.headers.authorization)),
  );
  const secrets = [marks.code, marks.output, marks.env, 'Bearer', 'eyJ', ...internalTokens];
  for (const secret of secrets) expect(JSON.stringify(plane.lines)).not.toContain(secret);
});

it('reads a warm route from memory', async () => {
  const agent = await plane.startAgent(echo);
  const path = stepsOf(plane.addSession(agent.url));
  for (let i = 0; i < 5; i++) await plane.call({ path });
  expect(plane.routes.reads).toHaveLength(1);
  await expect
    .poll(() => plane.requests().map((line) => line.route))
    .toEqual(['miss', 'hit', 'hit', 'hit', 'hit']);
});

it('responds to HEAD as the agent does, without a body', async () => {
  const agent = await plane.startAgent((_, res) =>
    res.writeHead(200, { 'content-length': '7', etag: '"e"' }).end(),
  );
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a.txt`;
  const response = await plane.call({ method: 'HEAD', path });
  expect(response).toMatchObject({
    status: 200,
    text: '',
    headers: { 'content-length': '7', etag: '"e"' },
  });
  expect(agent.seen).toEqual([`HEAD ${path}`]);
});

it("turns an agent's rejection of our token into an error of our own", async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(401).end('secret'));
  const response = await plane.call({ path: stepsOf(plane.addSession(agent.url)) });
  expect(response.status).toBe(500);
  expect(JSON.parse(response.text).error.code).toBe('internal');
});

it('forgets the route of a session when its agent reports that it has ended', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(410).end());
  const path = stepsOf(plane.addSession(agent.url));
  await plane.call({ path });
  await plane.call({ path });
  expect(plane.routes.reads).toHaveLength(2);
});

it('logs the step id of a call, and does not take a file name for one', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  await plane.call({ path: `${stepsOf(session)}/stp_1/events` });
  await plane.call({ path: `/v1/sessions/${session.session_id}/files/a` });
  await expect
    .poll(() => plane.requests().map((line) => line.step_id))
    .toEqual(['stp_1', undefined]);
});
