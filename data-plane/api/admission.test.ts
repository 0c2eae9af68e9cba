import type { ClientRequest } from 'node:http';
import { tenantIdSchema } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, readAll, responseOf } from '../testing/call.ts';
import { ready } from '../testing/fake-routes.ts';
import { echo, type FakeAgent } from '../testing/start-agent.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

const kibibyte = 1024;
const json = { 'content-type': 'application/json' };
let plane: TestDataPlane;
let agent: FakeAgent;
let opened: ClientRequest[];
beforeEach(async () => {
  opened = [];
  plane = await startTestDataPlane({
    bodyBudget: { tenantBytes: 100 * kibibyte, totalBytes: 150 * kibibyte },
  });
  agent = await plane.startAgent(echo);
});
afterEach(async () => {
  for (const client of opened) client.destroy();
  await plane.closeAll();
});

const stepsOf = ({ session_id }: { session_id: string }) => `/v1/sessions/${session_id}/steps`;

/** Announces a body and sends none of it. */
function announce(path: string, bytes: number, authorization = plane.authorization): ClientRequest {
  const client = open(plane.port, {
    method: 'POST',
    path,
    headers: { ...json, authorization, 'content-length': String(bytes) },
  });
  client.on('error', () => {});
  client.flushHeaders();
  opened.push(client);
  return client;
}

async function responseTo(client: ClientRequest) {
  const { status, headers, text } = await readAll(await responseOf(client));
  return { status, headers, error: JSON.parse(text).error };
}

/** Submits a small step. Resolves to 200 or to the error code. */
async function submit(path: string, authorization = plane.authorization) {
  const headers = { ...json, authorization };
  const { status, text } = await plane.call({
    method: 'POST',
    path,
    headers,
    body: '{"code":"1"}',
  });
  return { status, error: status === 200 ? undefined : JSON.parse(text).error };
}

it.each([
  ['steps', 8 * kibibyte * kibibyte],
  ['steps', 9 * kibibyte * kibibyte],
  ['restart', 1000],
  ['steps/stp_1/cancel', 1000],
])(
  'returns 404 to %s of a missing session before a byte of its body arrives',
  async (call, bytes) => {
    const path = `/v1/sessions/${newSessionId()}/${call}`;
    expect(await responseTo(announce(path, bytes))).toMatchObject({
      status: 404,
      error: { code: 'session_not_found' },
    });
  },
);

it.each([
  ['another type', 'text/plain', 'x'],
  ['what is not JSON', 'application/json', '{'],
  ['deep nesting', 'application/json', '['.repeat(1000)],
])(
  'returns the same 404 for a missing session and a foreign one with a body of %s',
  async (_, type, body) => {
    const foreign = ready(tenantIdSchema.parse('foreign'), agent.url);
    plane.routes.rows.set(foreign.session_id, foreign);
    for (const session of [foreign, { session_id: newSessionId() }]) {
      const { status } = await plane.call({
        method: 'POST',
        path: stepsOf(session),
        headers: { 'content-type': type },
        body,
      });
      expect(status).toBe(404);
    }
  },
);

it('returns 429 when the bodies of a tenant fill its budget, and serves others', async () => {
  const path = stepsOf(plane.addSession(agent.url));
  const held = announce(path, 100 * kibibyte);
  await expect.poll(() => submit(path)).toMatchObject({ status: 429 });
  const refused = await responseTo(announce(path, 1000));
  expect(refused).toMatchObject({
    status: 429,
    error: {
      code: 'rate_limited',
      retryable: true,
      details: { limit: 'tenant_bodies', max_bytes: 100 * kibibyte },
    },
  });
  expect(refused.headers['retry-after']).toBe('1');

  const other = ready(tenantIdSchema.parse('other'), agent.url);
  plane.routes.rows.set(other.session_id, other);
  expect((await submit(stepsOf(other), 'Bearer other')).status).toBe(200);
  const tooMuch = await responseTo(announce(stepsOf(other), 60 * kibibyte, 'Bearer other'));
  expect(tooMuch).toMatchObject({
    status: 429,
    error: { details: { limit: 'bodies', max_bytes: 150 * kibibyte } },
  });

  held.destroy();
  await expect.poll(() => submit(path)).toMatchObject({ status: 200 });
});

it('accepts a cancel and a file while the budget is full', async () => {
  const session = plane.addSession(agent.url);
  announce(stepsOf(session), 100 * kibibyte);
  await expect.poll(() => submit(stepsOf(session))).toMatchObject({ status: 429 });
  const cancel = await plane.call({
    method: 'POST',
    path: `${stepsOf(session)}/stp_1/cancel`,
    headers: json,
    body: '{}',
  });
  expect(cancel.status).toBe(200);
  const path = `/v1/sessions/${session.session_id}/files/a`;
  expect((await plane.call({ method: 'PUT', path, body: 'x'.repeat(200 * kibibyte) })).status).toBe(
    200,
  );
});

it('holds the body of a step until the step ends, in case it has to be sent again', async () => {
  let end = () => {};
  const slow = await plane.startAgent((_, res) => {
    end = () => res.writeHead(200, json).end('{}');
  });
  const path = stepsOf(plane.addSession(slow.url));
  const body = JSON.stringify({ code: 'x'.repeat(99 * kibibyte) });
  const running = plane.call({ method: 'POST', path, headers: json, body });
  await expect.poll(() => slow.seen).toHaveLength(1);
  const other = stepsOf(plane.addSession(agent.url));
  expect((await responseTo(announce(other, 2 * kibibyte))).status).toBe(429);
  end();
  expect((await running).status).toBe(200);
  const recovery = await plane.call({ method: 'POST', path: other, headers: json, body });
  expect(recovery.status).toBe(200);
});

it.each([
  [
    'deep nesting',
    `{"code":${'['.repeat(8_000)}`,
    { status: 400, error: { code: 'invalid_request', details: { max_depth: 64 } } },
  ],
  [
    'very many names',
    `{"code":"","env":{${Array.from({ length: 20_000 }, (_, i) => `"A${i}":""`).join()}}}`,
    {
      status: 413,
      error: { code: 'payload_too_large', details: { limit: 'values', max_values: 16_384 } },
    },
  ],
])('refuses a body of %s before it is parsed', async (_, body, expected) => {
  await plane.closeAll();
  plane = await startTestDataPlane();
  agent = await plane.startAgent(echo);
  const path = stepsOf(plane.addSession(agent.url));
  const { status, text } = await plane.call({ method: 'POST', path, headers: json, body });
  expect({ status, error: JSON.parse(text).error }).toMatchObject(expected);
  expect(agent.seen).toEqual([]);
});
