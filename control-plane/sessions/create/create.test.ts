import { createdRouteHeader, decodeCreatedRoute } from '@steppe/contracts/created-route';
import { limits } from '@steppe/contracts/limits';
import { sessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  type TestFixture,
  traces,
} from '../../testing/open-control-plane.ts';

let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open();
});
afterAll(() => fixture.close());

const create = (body: unknown, headers: Record<string, string> = {}, tenantId = newTenantId()) =>
  plane.call(tenantId, 'POST', '/v1/sessions', { body, headers });

it('returns 201 with a ready session and its location', async () => {
  const tenantId = newTenantId();
  const { status, headers, body } = await create({ metadata: { job: '7' } }, {}, tenantId);
  const session = sessionSchema.parse(body);
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`/v1/sessions/${session.session_id}`);
  expect(session).toMatchObject({
    tenant_id: tenantId,
    runtime: 'python',
    state: 'ready',
    epoch: 1,
    idle_timeout_seconds: 900,
    metadata: { job: '7' },
    resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
  });
  expect(Date.parse(session.expires_at) - Date.parse(session.created_at)).toBe(3_600_000);
  expect(session.last_active_at).toBe(session.ready_at);
});

it('tells the data-plane the route of a ready session as its row has it', async () => {
  const { headers, body } = await create({});
  const { session_id } = sessionSchema.parse(body);
  const route = decodeCreatedRoute(headers.get(createdRouteHeader) ?? '');
  expect(await fixture.store.get(session_id, { consistent: true })).toMatchObject({ ...route });
  expect(route?.state).toBe('ready');
  const early = await create({}, { prefer: 'respond-async' });
  expect([early.status, early.headers.has(createdRouteHeader)]).toEqual([202, false]);
});

it.each(['100000u', '500000000n', '1E0', '1.', '+1', '1e-1'])(
  'accepts the quantity %s as it is written',
  async (cpu) => {
    expect((await plane.create(newTenantId(), { resources: { cpu } })).resources.cpu).toBe(cpu);
  },
);

it('stores as much metadata as the contract allows, in the widest characters', async () => {
  const bytesOfText = limits.metadataTotalBytes / limits.metadataPairs / 2;
  const wide = '\u8a9e'.repeat((bytesOfText - 2) / 3);
  const metadata = Object.fromEntries(
    Array.from({ length: limits.metadataPairs }, (_, at) => [`${at + 10}${wide}`, `${wide}..`]),
  );
  expect((await plane.create(newTenantId(), { metadata })).metadata).toEqual(metadata);
  const more = create({ metadata: { ...metadata, [`10${wide}`]: `${wide}...` } });
  expect(await more).toMatchObject({
    status: 413,
    body: { error: { details: { limit: 'metadata' } } },
  });
});

it('treats a missing body as an empty one', async () => {
  expect((await plane.call(newTenantId(), 'POST', '/v1/sessions')).status).toBe(201);
});

it('accepts an alias of a runtime', async () => {
  expect((await create({ runtime: 'ts' })).body).toMatchObject({ runtime: 'node' });
});

it('binds the instance with the session’s environment, which no row contains', async () => {
  const tenantId = newTenantId();
  const { session_id, instance_id, expires_at } = await plane.create(tenantId, {
    env: { TOKEN: 'hidden' },
    idle_timeout_seconds: 60,
    resources: { memory: '1Gi' },
  });
  if (instance_id === null) throw new Error('a ready session has an instance');
  expect(JSON.parse(await fixture.fakes.readIn(instance_id, 'run/bound.json'))).toEqual({
    session_id,
    tenant_id: tenantId,
    env: { TOKEN: 'hidden' },
    resources: { cpu: '1', memory: '1Gi', ephemeral_storage: '1Gi' },
    expires_at,
    idle_timeout_seconds: 60,
  });
  const { STEPPE_MEMORY_BYTES: memoryBytes } = await fixture.fakes.environmentOf(instance_id);
  expect(memoryBytes).toBe(String(1024 ** 3));
  expect(JSON.stringify(await fixture.store.get(session_id, { consistent: true }))).not.toContain(
    'hidden',
  );
});

it.each([
  ['an unknown field', { colour: 'red' }, 'colour'],
  ['an unknown runtime', { runtime: 'ruby' }, 'runtime'],
  ['a ttl of zero', { ttl_seconds: 0 }, 'ttl_seconds'],
  ['a ttl past the maximum', { ttl_seconds: 86_401 }, 'ttl_seconds'],
  ['resources past the maximum', { resources: { memory: '9Gi' } }, 'resources.memory'],
  ['a quantity without an end', { resources: { cpu: `${'0'.repeat(500_000)}1` } }, 'resources.cpu'],
  ['an invalid quantity', { resources: { cpu: '1K' } }, 'resources.cpu'],
  ['an unknown resource', { resources: { gpu: '1' } }, 'resources.gpu'],
  ['a bad environment name', { env: { 'A-B': '' } }, 'env.A-B'],
  ['NUL in the environment', { env: { A: 'a\0b' } }, 'env.A'],
  ['metadata of anything but texts', { metadata: { a: 1 } }, 'metadata.a'],
  ['metadata named __proto__', JSON.parse('{"metadata":{"__proto__":"x"}}'), 'metadata.__proto__'],
  ['an environment with __proto__', JSON.parse('{"env":{"__proto__":"1"}}'), 'env.__proto__'],
  ['a field named __proto__', JSON.parse('{"__proto__":{}}'), '__proto__'],
  ['no object', [], ''],
])('refuses %s and creates nothing', async (_, body, path) => {
  const tenantId = newTenantId();
  const response = await create(body, {}, tenantId);
  expect(response).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', details: { issues: [{ path }] } } },
  });
  expect(await traces(fixture.store, tenantId)).toEqual({ live: [], states: [], keys: [] });
});

it('lists the known runtimes if it refuses one', async () => {
  const { body } = await create({ runtime: 'ruby' });
  expect(body).toMatchObject({
    error: {
      message: expect.stringContaining('python, node'),
      details: { known: expect.any(Array) },
    },
  });
});

it('names the limit that an environment exceeds', async () => {
  const { status, body } = await create({ env: { A: 'x'.repeat(256 * 1024) } });
  expect([status, body]).toEqual([
    413,
    { error: expect.objectContaining({ details: { limit: 'env', max_bytes: 262_144 } }) },
  ]);
});

it('refuses query parameters and invalid keys', async () => {
  expect((await plane.call(newTenantId(), 'POST', '/v1/sessions?wait=true')).status).toBe(400);
  expect((await create({}, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
  expect((await create({}, { 'idempotency-key': 'caf\u00e9' })).status).toBe(400);
});

it('refuses a body of another content type', async () => {
  expect((await create({}, { 'content-type': 'text/plain' })).status).toBe(415);
});

it('names the configured maximum of ttl_seconds, however large the value is', async () => {
  const { body } = await create({ ttl_seconds: 40_000_000 });
  expect(body).toMatchObject({ error: { message: 'ttl_seconds must be at most 86400' } });
});
