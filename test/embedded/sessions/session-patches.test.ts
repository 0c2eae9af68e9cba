import { type Session, sessionSchema } from '@steppe/contracts/session';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useLocal } from '../../support/processes/use-local.ts';

const local = useLocal();

let client: Client;
beforeEach(async () => {
  client = await local().newClient();
});

const get = async (id: string): Promise<Session> => {
  const response = await client.call('GET', `/v1/sessions/${id}`);
  expect(response.status).toBe(200);
  return sessionSchema.parse(await response.json());
};

describe('a session is patched', () => {
  const patch = async (id: string, body: object) => {
    const response = await client.call('PATCH', `/v1/sessions/${id}`, body);
    expect(response.status).toBe(200);
    return sessionSchema.parse(await response.json());
  };

  test('in its metadata: keys are merged, null removes one', async () => {
    const { session_id: id } = await client.createSession({ metadata: { a: '1', b: '2' } });
    expect((await patch(id, { metadata: { b: '3', c: '4' } })).metadata).toEqual({
      a: '1',
      b: '3',
      c: '4',
    });
    expect((await patch(id, { metadata: { a: null, never: null } })).metadata).toEqual({
      b: '3',
      c: '4',
    });
    expect((await get(id)).metadata).toEqual({ b: '3', c: '4' });
  });

  test('in its metadata up to sixteen keys in total', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`key${at}`, 'x']));
    const { session_id: id } = await client.createSession({ metadata });
    const more = client.call('PATCH', `/v1/sessions/${id}`, { metadata: { more: 'x' } });
    expect(await client.errorOf(more)).toMatchObject({ status: 400, code: 'invalid_request' });
    expect((await patch(id, { metadata: { key0: null, more: 'x' } })).metadata).toMatchObject({
      more: 'x',
    });
  });

  test('in its timeouts, counted from now', async () => {
    const before = await client.createSession({ ttl_seconds: 100 });
    const session = await patch(before.session_id, {
      ttl_seconds: 1_000,
      idle_timeout_seconds: 77,
    });
    expect(Date.parse(session.expires_at)).toBeGreaterThan(Date.parse(before.expires_at) + 800_000);
    expect(session).toMatchObject({ idle_timeout_seconds: 77, epoch: 1, metadata: {} });
    expect(await get(before.session_id)).toMatchObject({
      expires_at: session.expires_at,
      idle_timeout_seconds: 77,
    });
  });

  test('with nothing, which changes nothing', async () => {
    const created = await client.createSession({ metadata: { a: '1' } });
    expect(await patch(created.session_id, {})).toMatchObject({
      expires_at: created.expires_at,
      metadata: { a: '1' },
    });
  });
});
