import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { callRaw, errorIn, sendRaw } from '../../support/api/raw-http.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
let id: string;
beforeAll(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
});

const responses = [
  { of: 'the data-plane', method: 'GET', path: '/nowhere', status: 404 },
  { of: 'the data-plane to a wrong method', method: 'PUT', path: '/v1/sessions', status: 405 },
  { of: 'the control-plane', method: 'GET', path: '/v1/sessions', status: 200 },
  {
    of: 'the control-plane to an unknown session',
    method: 'GET',
    path: '/v1/sessions/ses_0',
    status: 404,
  },
  { of: 'an agent', method: 'GET', path: '/steps', status: 200 },
  { of: 'an agent to an unknown step', method: 'GET', path: '/steps/none', status: 404 },
  { of: 'an agent that streams', method: 'POST', path: '/steps', status: 200, body: '{"code":""}' },
  { of: 'an agent without a body', method: 'DELETE', path: '/files/none', status: 404 },
];

describe.each(responses)('a response of $of', ({ method, path, status, body }) => {
  const call = (headers: Record<string, string>) => {
    const target =
      path.startsWith('/v1') || path === '/nowhere' ? path : `/v1/sessions/${id}${path}`;
    const type = { 'content-type': 'application/json', accept: 'text/event-stream' };
    return callRaw(client, method, target, { ...(body && type), ...headers }, body);
  };

  test('has a request id of its own', async () => {
    const [first, second] = [await call({}), await call({})];
    expect(first.status).toBe(status);
    expect(first.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  test.each(['a', 'trace-1:2.3_4', 'x'.repeat(128)])(
    'has the request id of the caller if it is valid: %s',
    async (given) => {
      const response = await call({ 'x-request-id': given });
      expect(response.headers['x-request-id']).toBe(given);
      if (status >= 400) expect(errorIn(response).request_id).toBe(given);
    },
  );

  test.each(['a b', 'a"b', 'é', '<script>', 'a,b', '../x', 'x'.repeat(129), ''])(
    'replaces the invalid request id “%s”',
    async (given) => {
      const response = await call({ 'x-request-id': given });
      expect(response.status).toBe(status);
      expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

test.each([
  { what: 'text that is not HTTP', text: 'hello\r\n\r\n', status: 400 },
  {
    what: 'a target with a space',
    text: 'GET /v1/ses sions HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  { what: 'no host', text: 'GET /v1/sessions HTTP/1.1\r\nConnection: close\r\n\r\n', status: 400 },
  {
    what: 'a host with a path',
    text: 'GET /v1/sessions HTTP/1.1\r\nHost: a/v1?\r\nConnection: close\r\n\r\n',
    status: 400,
  },
  {
    what: 'a very long target',
    text: `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    status: 431,
  },
  {
    what: 'CONNECT',
    text: 'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  {
    what: 'TRACE',
    text: 'TRACE /v1/sessions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    status: 405,
  },
])('the response to a malformed request has a request id: $what', async ({ text, status }) => {
  const response = await sendRaw(local().port, text);
  expect(response.status).toBe(status);
  expect(response.headers['x-request-id']).toBe(errorIn(response).request_id);
});
