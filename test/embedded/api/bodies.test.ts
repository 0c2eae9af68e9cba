import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
let id: string;
beforeAll(async () => {
  client = await local().newClient();
  id = (await client.createSession()).session_id;
});

const megabyte = 1024 * 1024;
const json = { 'content-type': 'application/json' };

const calls = [
  {
    name: 'run a step',
    method: 'POST',
    path: () => `/v1/sessions/${id}/steps`,
    good: '{"code":""}',
    cap: 8 * megabyte,
  },
  {
    name: 'create a session',
    method: 'POST',
    path: () => '/v1/sessions',
    good: '{}',
    cap: 8 * megabyte,
    mayBeEmpty: true,
  },
  {
    name: 'patch a session',
    method: 'PATCH',
    path: () => `/v1/sessions/${id}`,
    good: '{}',
    cap: 8 * megabyte,
  },
  {
    name: 'restart',
    method: 'POST',
    path: () => `/v1/sessions/${id}/restart`,
    good: '{"epoch":999}',
    cap: 64 * 1024,
    mayBeEmpty: true,
  },
  {
    name: 'cancel a step',
    method: 'POST',
    path: () => `/v1/sessions/${id}/steps/none/cancel`,
    good: '{}',
    cap: 64 * 1024,
    mayBeEmpty: true,
  },
];

const notJson = [
  { what: 'invalid JSON', body: 'code' },
  { what: 'half of an object', body: '{"code":"x"' },
  { what: 'something after the object', body: '{"code":""} {}' },
  { what: 'single quotes', body: "{'code':''}" },
  { what: 'a list', body: '[]' },
  { what: 'a string', body: '"code"' },
  { what: 'null', body: 'null' },
  { what: 'white space', body: ' \n' },
  { what: 'invalid UTF-8', body: Buffer.from('{"code":"\xff\xfe"}', 'latin1') },
  {
    what: 'a surrogate in UTF-8',
    body: Buffer.concat([
      Buffer.from('{"code":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
  },
  { what: 'UTF-16', body: Buffer.from('\ufeff{"code":""}', 'utf16le') },
  { what: 'a raw control character in a string', body: '{"code":"a\nb"}' },
  { what: 'NaN', body: '{"code":"","timeout_ms":NaN}' },
  { what: 'thirty thousand brackets', body: '['.repeat(30_000) },
  { what: 'thirty thousand nested lists', body: `${'['.repeat(30_000)}${']'.repeat(30_000)}` },
  {
    what: 'deep nesting in place of a string',
    body: `{"code":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}}`,
  },
  { what: 'an unknown field', body: '{"cod":"x"}' },
  { what: 'a field of the prototype', body: '{"code":"","__proto__":{"wait":false}}' },
];

describe.each(calls)('a request to $name', ({ method, path, good, cap, mayBeEmpty }) => {
  const send = (body: string | Uint8Array | undefined, headers: Record<string, string> = json) =>
    client.call(method, path(), body, headers);

  test.each(notJson)('gets 400 for $what', async ({ body }) => {
    const error = await client.errorOf(send(body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', retryable: false });
  });

  test('gets an error that names an unknown field', async () => {
    const { details, message } = await client.errorOf(
      send(`${good.slice(0, -1)}${good === '{}' ? '' : ','}"tpyo":1}`),
    );
    expect(message).toContain('tpyo');
    expect(details.issues).toMatchObject([{ path: 'tpyo' }]);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'text/json',
    'application/json-patch+json',
  ])('gets 415 for %s', async (type) => {
    const error = await client.errorOf(send(good, { 'content-type': type }));
    expect(error).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
      message: expect.stringContaining(type),
    });
  });

  test('gets 415 without a content type', async () => {
    expect(await client.errorOf(send(Buffer.from(good), {}))).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
  });

  test.each([
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset="UTF-8"',
  ])('is accepted as %s', async (type) => {
    const { status } = await send(good, { 'content-type': type });
    expect([200, 201, 404, 409]).toContain(status);
  });

  test('gets 413 that names the limit for a body above it', async () => {
    const error = await client.errorOf(send(`{"code":"${' '.repeat(cap)}"}`));
    expect(error).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      message: expect.stringContaining(String(cap)),
      details: { limit: 'body', max_bytes: cap },
    });
  });

  test('gets 413 for a body above the limit without a Content-Length', async () => {
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(megabyte, ' '));
      },
    });
    const response = fetch(`${client.url}${path()}`, {
      method,
      headers: { ...json, authorization: `Bearer ${client.token}` },
      body: chunks,
      duplex: 'half',
    });
    expect(await client.errorOf(response)).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      details: { limit: 'body' },
    });
  });

  test('may have an empty body only if the operation allows it', async () => {
    for (const headers of [json, {}]) {
      const response = await send(undefined, headers);
      if (mayBeEmpty) expect([200, 201, 404]).toContain(response.status);
      else expect([400, 415]).toContain(response.status);
    }
  });
});

describe('half a surrogate pair', () => {
  const half = '\\ud800';
  test.each([
    { where: 'code', path: 'code', body: `{"code":"${half}"}` },
    { where: 'cwd', path: 'cwd', body: `{"code":"","cwd":"${half}"}` },
    {
      where: 'the environment of a step',
      path: 'env.B',
      body: `{"code":"","env":{"B":"${half}"}}`,
    },
  ])('gets 400 in $where', async ({ path, body }) => {
    const error = await client.errorOf(client.call('POST', `/v1/sessions/${id}/steps`, body, json));
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_request',
      details: { issues: [{ path }] },
    });
  });

  test.each([
    { where: 'the environment of a session', body: `{"env":{"B":"${half}"}}` },
    { where: 'a value of metadata', body: `{"metadata":{"b":"${half}"}}` },
    { where: 'a name of metadata', body: `{"metadata":{"${half}":"b"}}` },
  ])('gets 400 in $where', async ({ body }) => {
    const error = await client.errorOf(client.call('POST', '/v1/sessions', body, json));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});
