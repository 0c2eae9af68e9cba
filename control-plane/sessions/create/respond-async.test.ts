import { sessionSchema } from '@steppe/contracts/session';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
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
afterEach(async () => {
  await expectEventually(fixture.fakes.leftovers).toEqual([]);
});

type Options = {
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  by?: OpenControlPlane;
};

async function createAsync(
  tenantId = newTenantId(),
  { body = {}, headers = {}, signal, by = plane }: Options = {},
) {
  const options = {
    body,
    headers: { prefer: 'respond-async', ...headers },
    ...(signal && { signal }),
  };
  const response = await by.call(tenantId, 'POST', '/v1/sessions', options);
  return { ...response, tenantId };
}

const stateOf = async (tenantId: ReturnType<typeof newTenantId>, path: string) => {
  const { body } = await plane.call(tenantId, 'GET', path);
  return sessionSchema.parse(body);
};

it.each([
  'respond-async',
  'wait=10, Respond-Async',
  'respond-async, return=minimal',
  'respond-async; x=1',
  'respond-async;x="a, b";y',
  'respond-async=""',
])('returns 202 under Prefer: %s, and makes the session ready meanwhile', async (prefer) => {
  const { tenantId, status, headers, body } = await createAsync(newTenantId(), {
    headers: { prefer },
  });
  const session = sessionSchema.parse(body);
  const path = pathOf(session.session_id);
  expect([status, headers.get('location'), headers.get('preference-applied')]).toEqual([
    202,
    path,
    'respond-async',
  ]);
  expect(session).toMatchObject({ state: 'provisioning', instance_id: null, ready_at: null });
  await expectEventually(async () => (await stateOf(tenantId, path)).state).toBe('ready');
  expect((await plane.call(tenantId, 'DELETE', path)).status).toBe(204);
});

it.each([
  'return=minimal',
  'return=minimal; respond-async',
  'x="a, respond-async, b"',
  'x="\\", respond-async, "',
  'respond-async=no',
])('waits under Prefer: %s', async (prefer) => {
  const { tenantId, status, headers, body } = await createAsync(newTenantId(), {
    headers: { prefer },
  });
  expect([status, headers.get('preference-applied')]).toEqual([201, null]);
  await plane.call(tenantId, 'DELETE', pathOf(sessionSchema.parse(body).session_id));
});

it('continues after its client disconnects', async () => {
  const client = new AbortController();
  const { tenantId, body } = await createAsync(newTenantId(), { signal: client.signal });
  client.abort();
  const path = pathOf(sessionSchema.parse(body).session_id);
  await expectEventually(async () => (await stateOf(tenantId, path)).state).toBe('ready');
  await plane.call(tenantId, 'DELETE', path);
});

it('records a failure in the row, and leaves nothing else', async () => {
  const { tenantId, status, body } = await createAsync(newTenantId(), {
    body: { runtime: 'crash-before-ready' },
  });
  expect(status).toBe(202);
  const path = pathOf(sessionSchema.parse(body).session_id);
  await expectEventually(() => stateOf(tenantId, path)).toMatchObject({
    state: 'failed',
    end_reason: 'crashed',
  });
  await expectEventually(() => traces(fixture.store, tenantId)).toEqual({
    live: [],
    states: ['failed'],
    keys: [],
  });
});

it('refuses at once what can never be created', async () => {
  const full = await fixture.open({}, { sessionsPerTenant: 0 });
  expect((await createAsync(newTenantId(), { by: full })).status).toBe(429);
  expect((await createAsync(newTenantId(), { body: { runtime: 'ruby' } })).status).toBe(400);
});

it('is ended by a delete before it is ready', async () => {
  const { tenantId, body } = await createAsync(newTenantId(), { body: { runtime: 'never-ready' } });
  const path = pathOf(sessionSchema.parse(body).session_id);
  expect((await plane.call(tenantId, 'DELETE', path)).status).toBe(204);
  expect(await stateOf(tenantId, path)).toMatchObject({ state: 'ended', end_reason: 'deleted' });
});

it('returns the session of its key: 202 before it is ready, at any replica, then 201', async () => {
  const replica = await fixture.open();
  const tenantId = newTenantId();
  const headers = { 'idempotency-key': 'k' };
  const first = await createAsync(tenantId, { headers });
  const again = await createAsync(tenantId, { headers, by: replica });
  const waited = await replica.call(tenantId, 'POST', '/v1/sessions', { body: {}, headers });
  const late = await createAsync(tenantId, { headers });
  const ids = [first, again, waited, late].map(({ body }) => sessionSchema.parse(body).session_id);
  expect(new Set(ids).size).toBe(1);
  expect([first.status, waited.status, late.status]).toEqual([202, 201, 201]);
  expect([201, 202]).toContain(again.status);
  expect(late.headers.get('preference-applied')).toBeNull();
  const [id] = ids;
  if (id) await plane.call(tenantId, 'DELETE', pathOf(id));
});
