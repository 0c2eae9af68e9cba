import { sessionListSchema, sessionSchema } from '@steppe/contracts/session';
import { describe, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { fileUrl, putFile } from '../../support/api/files.ts';
import { callRaw, errorIn, type RawResponse } from '../../support/api/raw-http.ts';
import { findInstance } from '../../support/processes/instance.ts';
import { listeningPorts } from '../../support/processes/listeners.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const page = 'http://page.test';
const foreign = [{ host: 'rebound.test' }, { origin: page }, { origin: 'null' }];
const refused = { code: 'insufficient_scope', retryable: false };

const portOf = ({ url }: Client): number => Number(new URL(url).port);
const at = (port: number): Client => connect(`http://127.0.0.1:${port}`, 'none');
const sniffing = ({ headers }: { headers: Headers }) => headers.get('x-content-type-options');

function expectRefusal(response: RawResponse): void {
  expect(response.status).toBe(403);
  expect(errorIn(response)).toMatchObject(refused);
}

describe('under bypass', () => {
  const local = useLocal({
    AUTH_MODE: 'bypass',
    LOG_LEVEL: 'fatal',
    CORS_ORIGINS: 'http://app.test',
  });

  test.each(foreign)('a request with %j creates no session', async (headers) => {
    const client = connect(local().url, '');
    const count = async () =>
      sessionListSchema.parse(await (await client.call('GET', '/v1/sessions')).json()).sessions
        .length;
    const before = await count();
    const simple = { 'content-type': 'text/plain', ...headers };
    expectRefusal(await callRaw(client, 'POST', '/v1/sessions', simple, ''));
    expectRefusal(
      await callRaw(client, 'OPTIONS', '/v1/sessions', {
        'access-control-request-method': 'POST',
        ...headers,
      }),
    );
    expect(await count()).toBe(before);
  });

  test.each([{}, { origin: 'http://app.test' }])(
    'an empty body with %j needs no content type',
    async (headers) => {
      const client = connect(local().url, '');
      const created = await client.call('POST', '/v1/sessions', undefined, headers);
      expect(created.status).toBe(201);
      const { session_id: id } = sessionSchema.parse(await created.json());
      expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
    },
  );

  test('a page of the same origin may call it', async () => {
    const client = connect(local().url, '');
    expect(
      (await client.call('GET', '/v1/sessions', undefined, { origin: local().url })).status,
    ).toBe(200);
  });
});

describe('in local mode', () => {
  const local = useLocal();

  test('only the port of the API serves a foreign host or a page', async () => {
    const ports = listeningPorts(local().process.pid ?? 0).filter((port) => port !== local().port);
    const statuses = async (headers: Record<string, string>) =>
      Promise.all(
        ports.map(async (port) => (await callRaw(at(port), 'GET', '/v1/sessions', headers)).status),
      );
    // Two of the ports are the operator's, which have no such path.
    expect((await statuses({})).sort()).toEqual([401, 404, 404]);
    for (const headers of foreign)
      expect((await statuses(headers)).sort()).toEqual([403, 404, 404]);
  });

  test('the store listens on no port', async () => {
    const ports = listeningPorts(local().process.pid ?? 0);
    // The API, the control-plane and the operator port of each.
    expect(ports).toHaveLength(4);
    const headers = {
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'content-type': 'application/x-amz-json-1.0',
    };
    const bodies = await Promise.all(
      ports.map(async (port) => (await callRaw(at(port), 'POST', '/', headers, '{}')).body),
    );
    for (const body of bodies) expect(body).not.toMatch(/amazon|TableNames/i);
  });

  test('an agent serves neither', async () => {
    const client = await local().newClient();
    const { instance_id } = await client.createSession();
    const [port = 0] = listeningPorts(findInstance(instance_id).agentPid);
    expect((await callRaw(at(port), 'GET', '/internal/state')).status).toBe(401);
    for (const headers of foreign)
      expectRefusal(await callRaw(at(port), 'GET', '/internal/state', headers));
  });

  test('with a token, any host is served, and a page has the rights of its token', async () => {
    const client = await local().newClient();
    for (const headers of foreign) {
      const { status, headers: sent } = await callRaw(client, 'GET', '/v1/sessions', headers);
      expect(status).toBe(200);
      expect(sent).not.toHaveProperty('access-control-allow-origin');
    }
    expect(
      (await callRaw(at(portOf(client)), 'GET', '/v1/sessions', { origin: page })).status,
    ).toBe(401);
  });

  test('a browser does not guess the type of user content', async () => {
    const client = await local().newClient();
    const { session_id: id } = await client.createSession();
    await putFile(client, id, 'page.txt', '<script>alert(1)</script>');
    const file = fileUrl(id, 'page.txt');
    const stream = { accept: 'text/event-stream' };
    const responses = await Promise.all([
      client.call('GET', file),
      client.call('HEAD', file),
      client.call('GET', file, undefined, { range: 'bytes=0-3' }),
      client.call('GET', file, undefined, { 'if-none-match': '*' }),
      client.call('GET', fileUrl(id, 'none')),
      client.call('POST', `/v1/sessions/${id}/steps`, { code: '"<b>"', step_id: 's' }),
      client.call('GET', `/v1/sessions/${id}`),
      client.call('GET', '/docs'),
    ]);
    responses.push(
      await client.call('GET', `/v1/sessions/${id}/steps/s/events`, undefined, stream),
    );
    expect(responses.map(sniffing)).toEqual(responses.map(() => 'nosniff'));
    expect(responses.map(({ status }) => status)).toEqual([
      200, 200, 206, 304, 404, 200, 200, 200, 200,
    ]);
  });
});
