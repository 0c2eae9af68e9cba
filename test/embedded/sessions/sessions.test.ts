import { runtimeListSchema, type Session, sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { useTarget } from '../../support/use-target.ts';

const target = useTarget();

let client: Client;
beforeEach(async () => {
  client = await target().newClient();
});

const get = async (id: string): Promise<Session> => {
  const response = await client.call('GET', `/v1/sessions/${id}`);
  expect(response.status).toBe(200);
  return sessionSchema.parse(await response.json());
};

describe('a session is created', () => {
  test('with defaults, even without a body', async () => {
    for (const body of [{}, undefined]) {
      const response = await client.call('POST', '/v1/sessions', body);
      expect(response.status).toBe(201);
      const session = sessionSchema.parse(await response.json());
      expect(session).toMatchObject({
        runtime: 'python',
        state: 'ready',
        epoch: 1,
        idle_timeout_seconds: 900,
        metadata: {},
        resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
      });
      expect(Date.parse(session.expires_at) - Date.parse(session.created_at)).toBe(3_600_000);
      expect(response.headers.get('location')).toBe(`/v1/sessions/${session.session_id}`);
      expect(
        await (await client.call('GET', response.headers.get('location') ?? '')).json(),
      ).toMatchObject({
        session_id: session.session_id,
        state: 'ready',
      });
    }
  });

  test.each([
    ['python', 'python'],
    ['python3', 'python'],
    ['py', 'python'],
    ['node', 'node'],
    ['javascript', 'node'],
    ['js', 'node'],
    ['typescript', 'node'],
    ['ts', 'node'],
  ])('with the runtime %s, which means %s', async (requested, runtime) => {
    const session = await client.createSession({ runtime: requested });
    expect(session.runtime).toBe(runtime);
    const code =
      runtime === 'python'
        ? 'import sys\nsys.version_info.major'
        : 'process.versions.node.length > 0';
    expect(await client.run(session.session_id, code)).toMatchObject({ status: 'completed' });
  });

  test('with every requested setting', async () => {
    const requested = {
      runtime: 'node',
      ttl_seconds: 120,
      idle_timeout_seconds: 60,
      metadata: { team: 'a', 'x.y/z': 'ü' },
      resources: { cpu: '500m', memory: '256Mi' },
    };
    const { session_id: id } = await client.createSession({
      ...requested,
      env: { SECRET: 'value' },
    });
    const session = await get(id);
    expect(session).toMatchObject({
      runtime: 'node',
      idle_timeout_seconds: 60,
      metadata: requested.metadata,
      resources: { cpu: '500m', memory: '256Mi', ephemeral_storage: '1Gi' },
    });
    expect(Date.parse(session.expires_at) - Date.parse(session.created_at)).toBe(120_000);
    expect(JSON.stringify(session)).not.toContain('SECRET');
  });

  test('with the largest values that are allowed', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, at) => [`key${at}`, 'x'.repeat(100)]),
    );
    const resources = { cpu: '4', memory: '8192Mi', ephemeral_storage: '20Gi' };
    const session = await client.createSession({ ttl_seconds: 7 * 24 * 3600, metadata, resources });
    expect(session).toMatchObject({ metadata, resources });
  });

  test('once per Idempotency-Key, regardless of the order of fields', async () => {
    const create = (body: string) =>
      client.call('POST', '/v1/sessions', body, {
        'content-type': 'application/json',
        'idempotency-key': 'same key',
      });
    const bodies = [
      '{"runtime":"python","metadata":{"a":"1","b":"2"}}',
      '{"metadata":{"b":"2","a":"1"},"ttl_seconds":3600}',
    ];
    const responses = await Promise.all([...bodies, ...bodies].map(create));
    expect(responses.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const ids = await Promise.all(
      responses.map(async (response) => sessionSchema.parse(await response.json()).session_id),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await client.errorOf(create('{}'))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    const other = await client.call('POST', '/v1/sessions', {}, { 'idempotency-key': 'other key' });
    expect(sessionSchema.parse(await other.json()).session_id).not.toBe(ids[0]);
  });
});

test('runtimes are listed, and each can be requested', async () => {
  const { runtimes } = runtimeListSchema.parse(
    await (await client.call('GET', '/v1/runtimes')).json(),
  );
  const languages = runtimes.map(({ name, language }) => [name, language]);
  expect(Object.fromEntries(languages)).toEqual({
    python: 'python',
    node: 'node',
    'python-data': 'python',
  });
});

test('a session reports when it was last active: steps and files count, reading its state does not', async () => {
  const { session_id: id } = await client.createSession();
  const lastActive = async () => (await get(id)).last_active_at ?? '';
  const created = await lastActive();
  await client.run(id, '', { step_id: 'step' });
  const afterStep = await lastActive();
  expect(afterStep > created).toBe(true);
  for (const path of ['', '/steps', '/steps/step', '/steps/step/events']) {
    await (await client.call('GET', `/v1/sessions/${id}${path}`)).text();
  }
  expect(await lastActive()).toBe(afterStep);
  await client.call('PUT', `/v1/sessions/${id}/files/a`, 'x');
  expect((await lastActive()) > afterStep).toBe(true);
});

test('a session can be deleted twice, and leaves only its record', async () => {
  const { session_id: id, instance_id: instanceId } = await client.createSession({
    metadata: { a: '1' },
  });
  const instance = target().instance(instanceId);
  await client.run(id, 'import subprocess\nchild = subprocess.Popen(["setsid", "sleep", "1000"])');
  for (const _ of [1, 2, 3]) {
    const response = await client.call('DELETE', `/v1/sessions/${id}`);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
  }
  await eventually(() => instance.expectGone());
  const ended = await get(id);
  expect(ended).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
    metadata: { a: '1' },
    instance_id: instanceId,
  });
  expect(ended.epoch).toBeUndefined();
  expect(Date.parse(ended.ended_at ?? '')).toBeGreaterThanOrEqual(Date.parse(ended.created_at));

  for (const [method, path, body] of [
    ['POST', '/steps', { code: '' }],
    ['GET', '/steps', undefined],
    ['POST', '/restart', undefined],
    ['GET', '/files/a', undefined],
    ['PUT', '/files/a', 'x'],
    ['PATCH', '', { metadata: { b: '2' } }],
  ] as const) {
    expect(
      await client.errorOf(client.call(method, `/v1/sessions/${id}${path}`, body)),
      `${method} ${path}`,
    ).toMatchObject({
      status: 410,
      code: 'session_ended',
      details: { end_reason: 'deleted' },
    });
  }
});
