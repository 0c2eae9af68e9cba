import { newStepId } from '@steppe/contracts/ids';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { echo } from './testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from './testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

const stepsOf = (session: ReadyRecord) => `/v1/sessions/${session.session_id}/steps`;
const json = { 'content-type': 'application/json' };

it('sends a step on with an id of its own and names the id in the answer', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  const path = stepsOf(session);
  const answer = await plane.call({ method: 'POST', path, headers: json, body: '{"code":"x = 1"}' });
  expect(answer.status).toBe(200);
  const stepId = answer.headers['steppe-step-id'];
  expect(stepId).toMatch(/^stp_/);
  const got = JSON.parse(answer.text);
  expect(got.url).toBe(path);
  expect(JSON.parse(got.body)).toEqual({
    code: 'x = 1',
    step_id: stepId,
    timeout_ms: 60_000,
    env: {},
    on_disconnect: 'continue',
    wait: true,
  });
  expect(got.headers).toMatchObject({ ...json, 'x-request-id': answer.headers['x-request-id'] });
  expect(got.headers.authorization).toMatch(/^Bearer ey/);
  const claims = JSON.parse(Buffer.from(got.headers.authorization.split('.')[1], 'base64url').toString());
  expect(claims).toMatchObject({ iss: 'data-plane', session_id: session.session_id, aud: session.instance_id });
});

it("keeps a client's own step id", async () => {
  const agent = await plane.startAgent(echo);
  const path = stepsOf(plane.addSession(agent.url));
  const step_id = newStepId();
  const answer = await plane.call({ method: 'POST', path, headers: json, body: JSON.stringify({ code: '', step_id }) });
  expect(answer.headers['steppe-step-id']).toBe(step_id);
  expect(JSON.parse(JSON.parse(answer.text).body).step_id).toBe(step_id);
});

it('writes one line for a step, with where it went and no code or token', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  const path = stepsOf(session);
  const answer = await plane.call({ method: 'POST', path, headers: json, body: '{"code":"secret_code"}' });
  await expect.poll(() => plane.requests()).toHaveLength(1);
  expect(plane.requests()[0]).toMatchObject({
    operation: 'run_step',
    session_id: session.session_id,
    instance_id: session.instance_id,
    target_endpoint: agent.url,
    auth_mode: 'jwt',
    tenant_id: plane.tenantId,
    step_id: answer.headers['steppe-step-id'],
    outcome: 'ok',
    attempts: 1,
    route: 'miss',
    duration_ms: expect.any(Number),
  });
  expect(JSON.stringify(plane.lines)).not.toMatch(/secret_code|Bearer/);
});

it('reads a warm route from memory', async () => {
  const agent = await plane.startAgent(echo);
  const path = stepsOf(plane.addSession(agent.url));
  for (let i = 0; i < 5; i++) await plane.call({ path });
  expect(plane.routes.reads).toHaveLength(1);
  await expect.poll(() => plane.requests().map((line) => line.route)).toEqual(['miss', 'hit', 'hit', 'hit', 'hit']);
});

it('answers HEAD as the agent does, without a body', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(200, { 'content-length': '7', etag: '"e"' }).end());
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/files/a.txt`;
  const answer = await plane.call({ method: 'HEAD', path });
  expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-length': '7', etag: '"e"' } });
  expect(agent.seen).toEqual([`HEAD ${path}`]);
});

it('turns an agent that refuses our token into an error of ours', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(401).end('secret'));
  const answer = await plane.call({ path: stepsOf(plane.addSession(agent.url)) });
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.text).error.code).toBe('internal');
});

it('forgets the route of a session whose agent says that it has ended', async () => {
  const agent = await plane.startAgent((_, res) => res.writeHead(410).end());
  const path = stepsOf(plane.addSession(agent.url));
  await plane.call({ path });
  await plane.call({ path });
  expect(plane.routes.reads).toHaveLength(2);
});

it('names the step of a call in the log, and takes no file for one', async () => {
  const agent = await plane.startAgent(echo);
  const session = plane.addSession(agent.url);
  await plane.call({ path: `${stepsOf(session)}/stp_1/events` });
  await plane.call({ path: `/v1/sessions/${session.session_id}/files/a` });
  await expect.poll(() => plane.requests().map((line) => line.step_id)).toEqual(['stp_1', undefined]);
});
