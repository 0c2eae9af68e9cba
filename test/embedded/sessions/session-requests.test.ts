import { sessionSchema } from '@steppe/contracts/session';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
beforeAll(async () => {
  client = await local().newClient();
});

const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`key${at}`, 'x']));
const shared = [
  { body: { ttl_seconds: 0 }, path: 'ttl_seconds' },
  { body: { ttl_seconds: -5 }, path: 'ttl_seconds' },
  { body: { ttl_seconds: 1.5 }, path: 'ttl_seconds' },
  { body: { ttl_seconds: '60' }, path: 'ttl_seconds' },
  { body: { ttl_seconds: 8 * 24 * 3600 }, path: 'ttl_seconds' },
  { body: { ttl_seconds: 1e12 }, path: 'ttl_seconds' },
  { body: { idle_timeout_seconds: 0 }, path: 'idle_timeout_seconds' },
  { body: { idle_timeout_seconds: null }, path: 'idle_timeout_seconds' },
  { body: { metadata: [] }, path: 'metadata' },
  { body: { metadata: { a: 1 } }, path: 'metadata.a' },
  { body: { metadata: { a: { b: 'c' } } }, path: 'metadata.a' },
  { body: { metadata: { '': 'x' } }, path: 'metadata.' },
  { body: { metadata: { a: 'x'.repeat(4097) } }, path: 'metadata.a' },
  { body: { metadata: tooMany }, path: 'metadata' },
  { body: { state: 'ended' }, path: 'state' },
  { body: { tenant_id: 'another' }, path: 'tenant_id' },
];

describe('a session is not created with', () => {
  test.each([
    ...shared,
    { body: { runtime: '' }, path: 'runtime' },
    { body: { runtime: 7 }, path: 'runtime' },
    { body: { runtime: 'x'.repeat(65) }, path: 'runtime' },
    { body: { env: { '1A': 'x' } }, path: 'env.1A' },
    { body: { env: { A: 'a\0b' } }, path: 'env.A' },
    { body: { env: { A: 1 } }, path: 'env.A' },
    { body: { metadata: { a: null } }, path: 'metadata.a' },
    { body: { resources: { cpus: '1' } }, path: 'resources.cpus' },
    { body: { resources: { cpu: 1 } }, path: 'resources.cpu' },
    { body: { resources: { cpu: '0' } }, path: 'resources.cpu' },
    { body: { resources: { cpu: '5' } }, path: 'resources.cpu' },
    { body: { resources: { memory: 'much' } }, path: 'resources.memory' },
    { body: { resources: { memory: '500m' } }, path: 'resources.memory' },
    { body: { resources: { memory: '-1Gi' } }, path: 'resources.memory' },
    { body: { resources: { memory: '9Gi' } }, path: 'resources.memory' },
    { body: { resources: { ephemeral_storage: '1Ti' } }, path: 'resources.ephemeral_storage' },
    { body: { session_id: 'ses_0' }, path: 'session_id' },
  ])('$body', async ({ body, path }) => {
    const error = await client.errorOf(client.call('POST', '/v1/sessions', body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', retryable: false });
    expect(error.details.issues).toMatchObject([{ path }]);
  });

  test('an unknown runtime; the error lists the known ones', async () => {
    const error = await client.errorOf(client.call('POST', '/v1/sessions', { runtime: 'ruby' }));
    expect(error).toMatchObject({
      status: 400,
      code: 'invalid_request',
      details: { known: ['python', 'node', 'python-data'] },
    });
    expect(error.message).toMatch(/ruby.*python.*node/);
  });

  test('env of 256 KiB and a byte', async () => {
    const env = { A: 'x'.repeat(256 * 1024) };
    expect(await client.errorOf(client.call('POST', '/v1/sessions', { env }))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      details: { limit: 'env', max_bytes: 256 * 1024 },
    });
  });

  test('metadata of 16 KiB and a byte', async () => {
    const full = 'x'.repeat(4095);
    const metadata = { a: full, b: full, c: full, d: full, e: '' };
    expect(await client.errorOf(client.call('POST', '/v1/sessions', { metadata }))).toMatchObject({
      status: 413,
      code: 'payload_too_large',
      details: { limit: 'metadata', max_bytes: 16 * 1024 },
    });
  });

  test.each([['', 'x'.repeat(256), 'a\tb', 'clé'].map((key) => ({ key }))].flat())(
    'the Idempotency-Key $key',
    async ({ key }) => {
      const response = client.call('POST', '/v1/sessions', {}, { 'idempotency-key': key });
      expect(await client.errorOf(response)).toMatchObject({
        status: 400,
        code: 'invalid_request',
      });
    },
  );

  test('and none of these requests creates one', async () => {
    expect(await (await client.call('GET', '/v1/sessions')).json()).toEqual({
      sessions: [],
      next_cursor: null,
    });
  });
});

describe('a session is not patched with', () => {
  let owner: Client;
  let path: string;
  beforeAll(async () => {
    owner = await local().newClient();
    const { session_id: id } = await owner.createSession({ metadata: { kept: 'yes' } });
    path = `/v1/sessions/${id}`;
  });

  test.each([
    ...shared,
    { body: { env: { A: 'x' } }, path: 'env' },
    { body: { runtime: 'node' }, path: 'runtime' },
    { body: { resources: { cpu: '1' } }, path: 'resources' },
    { body: { metadata: null }, path: 'metadata' },
  ])('$body', async ({ body, path: wrong }) => {
    const error = await owner.errorOf(owner.call('PATCH', path, body));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(error.details.issues).toMatchObject([{ path: wrong }]);
  });

  test('and none of these requests changes it', async () => {
    const session = sessionSchema.parse(await (await owner.call('GET', path)).json());
    expect(session).toMatchObject({ metadata: { kept: 'yes' }, idle_timeout_seconds: 900 });
    expect(Date.parse(session.expires_at) - Date.parse(session.created_at)).toBe(3_600_000);
  });
});

test.each([
  ['GET', '?limit=0'],
  ['GET', '?limit=201'],
  ['GET', '?limit=x'],
  ['GET', '?limit=1&limit=1'],
  ['GET', '?cursor='],
  ['GET', '?cursor=bm9uZQ'],
  ['GET', '?cursor=ses_0'],
  ['GET', '?cursor=%00'],
  ['GET', '?state=running'],
  ['GET', '?state='],
  ['GET', '?metadata=x'],
  ['GET', '?metadata.=x'],
  ['GET', '?runtime=python'],
  ['GET', '?State=ready'],
  ['GET', '/ses_0?full=true'],
  ['POST', '?wait=true'],
  ['PATCH', '/ses_0?force=true'],
  ['DELETE', '/ses_0?force=true'],
])('an invalid parameter is refused: %s /v1/sessions%s', async (method, path) => {
  const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
  expect(await client.errorOf(client.call(method, `/v1/sessions${path}`, body))).toMatchObject({
    status: 400,
    code: 'invalid_request',
  });
});
