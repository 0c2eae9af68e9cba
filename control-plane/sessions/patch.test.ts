import { type Session, sessionSchema } from '@steppe/contracts/session';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
} from '../testing/open-control-plane.ts';

let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open();
});
afterAll(() => fixture.close());

type TenantId = ReturnType<typeof newTenantId>;
const patch = (
  tenantId: TenantId,
  { session_id: id }: Pick<Session, 'session_id'>,
  body: unknown,
) => plane.call(tenantId, 'PATCH', pathOf(id), { body });
const boundOf = async ({ instance_id: id }: Session) => {
  if (id === null) throw new Error('a ready session has an instance');
  return JSON.parse(await fixture.fakes.readIn(id, 'run/bound.json'));
};

it('changes the lifetime of a session in its row and in its agent', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const before = Date.now();
  const { status, body } = await patch(tenantId, made, {
    ttl_seconds: 10,
    idle_timeout_seconds: 5,
  });
  const patched = sessionSchema.parse(body);
  expect([status, patched.idle_timeout_seconds, patched.epoch]).toEqual([200, 5, 4]);
  expect(Date.parse(patched.expires_at) - before).toBeGreaterThanOrEqual(10_000);
  expect(Date.parse(patched.expires_at) - Date.now()).toBeLessThanOrEqual(10_000);
  expect(await boundOf(made)).toMatchObject({
    expires_at: patched.expires_at,
    idle_timeout_seconds: 5,
  });
});

it('limits a lifetime to the maximum since ready, however often it is extended', async () => {
  const [tenantId, max] = [newTenantId(), 100];
  const limited = await fixture.open({}, { ttlSeconds: max });
  const made = await limited.create(tenantId, { ttl_seconds: max });
  const readyMs = Date.parse(made.ready_at ?? '');
  const extend = async (at: OpenControlPlane, ttl_seconds: number) => {
    const { body } = await at.call(tenantId, 'PATCH', pathOf(made.session_id), {
      body: { ttl_seconds },
    });
    return Date.parse(sessionSchema.parse(body).expires_at) - readyMs;
  };
  await expectEventually(() => Date.now()).toBeGreaterThan(readyMs + 1);
  for (const _ of [1, 2]) expect(await extend(limited, max)).toBe(max * 1_000);
  expect(Date.parse((await boundOf(made)).expires_at) - readyMs).toBe(max * 1_000);
  // A smaller maximum does not shorten a lifetime that was already granted.
  const stricter = await fixture.open({}, { ttlSeconds: max / 2 });
  expect(await extend(stricter, max / 2)).toBeGreaterThan((max / 2) * 1_000);
});

it('merges metadata: null removes a key, and keys that are not named stay', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId, { metadata: { a: '1', b: '2' } });
  const { body } = await patch(tenantId, made, { metadata: { a: null, b: '3', c: '4', d: null } });
  expect(body).toMatchObject({
    metadata: { b: '3', c: '4' },
    expires_at: made.expires_at,
    idle_timeout_seconds: 900,
  });
  expect((await patch(tenantId, made, {})).body).toEqual(body);
});

it('counts the pairs after the merge', async () => {
  const tenantId = newTenantId();
  const pairs = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
  const made = await plane.create(tenantId, { metadata: pairs });
  expect(await patch(tenantId, made, { metadata: { more: 'v' } })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', details: { issues: [{ path: 'metadata' }] } } },
  });
  expect((await patch(tenantId, made, { metadata: { more: 'v', k0: null } })).status).toBe(200);
});

it('counts the bytes of names and values after the merge', async () => {
  const tenantId = newTenantId();
  const full = 'x'.repeat(4_095);
  const made = await plane.create(tenantId, { metadata: { a: full, b: full, c: full, d: full } });
  expect(await patch(tenantId, made, { metadata: { e: '' } })).toMatchObject({
    status: 413,
    body: {
      error: { code: 'payload_too_large', details: { limit: 'metadata', max_bytes: 16_384 } },
    },
  });
  expect((await patch(tenantId, made, { metadata: { a: null, e: full } })).status).toBe(200);
});

it('changes the lifetime of a session whose older metadata exceeds the limit', async () => {
  const long = 'x'.repeat(4_096);
  const metadata = { a: long, b: long, c: long, d: long };
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  const row = { ...readyRecord(), metadata, expires_at, address: 'http://127.0.0.1:1' };
  await fixture.store.create(row);
  const changed = await patch(row.tenant_id, row, { metadata: { e: '' } });
  expect(changed).toMatchObject({
    status: 413,
    body: { error: { details: { limit: 'metadata' } } },
  });
  // No server listens at its address, but the row is changed nevertheless.
  await patch(row.tenant_id, row, { idle_timeout_seconds: 77 });
  expect(await fixture.store.get(row.session_id, { consistent: true })).toMatchObject({
    idle_timeout_seconds: 77,
  });
});

it('keeps every one of many concurrent patches, and row and agent agree', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const bodies = Array.from({ length: 8 }, (_, index) => ({
    idle_timeout_seconds: index + 1,
    metadata: { [`k${index}`]: 'v' },
  }));
  const responses = await Promise.all(bodies.map((body) => patch(tenantId, made, body)));
  expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const row = await fixture.store.get(made.session_id, { consistent: true });
  expect(Object.keys(row?.metadata ?? {})).toHaveLength(8);
  expect((await boundOf(made)).idle_timeout_seconds).toBe(row?.idle_timeout_seconds);
});

it('returns 503 if the agent refuses the change, which a retry can repair', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId, { runtime: 'refuse-limits' });
  const { status, body } = await patch(tenantId, made, { ttl_seconds: 10 });
  expect([status, body]).toMatchObject([
    503,
    { error: { code: 'runtime_unreachable', retryable: true } },
  ]);
  expect((await patch(tenantId, made, { metadata: { a: '1' } })).status).toBe(200);
});

it('returns 410 for a terminal or expired session, 425 if not ready, 404 if missing', async () => {
  const [tenantId, other] = [newTenantId(), newTenantId()];
  const given = provisioningRecord({ tenant_id: tenantId });
  const ended = {
    ...endedRecord(provisioningRecord({ tenant_id: tenantId })),
    purge_at: 4_000_000_000,
  };
  const expired = readyRecord(
    provisioningRecord({ tenant_id: tenantId, expires_at: '2026-01-01T00:00:00.000Z' }),
  );
  await Promise.all([given, ended, expired].map((record) => fixture.store.create(record)));
  const terminal = (reason: string) => [
    410,
    { error: { code: 'session_ended', details: { end_reason: reason } } },
  ];
  const response = async (session: Pick<Session, 'session_id'>, as = tenantId) => {
    const { status, body } = await patch(as, session, { ttl_seconds: 10 });
    return [status, body];
  };
  expect(await response(ended)).toMatchObject(terminal('deleted'));
  expect(await response(expired)).toMatchObject(terminal('expired'));
  expect(await response(given)).toMatchObject([425, { error: { code: 'session_not_ready' } }]);
  expect(await response({ session_id: newSessionId() })).toMatchObject([
    404,
    { error: { code: 'session_not_found' } },
  ]);
  expect(await response(ended, other)).toMatchObject([
    404,
    { error: { code: 'session_not_found' } },
  ]);
});

it.each([
  [{ ttl_seconds: 0 }],
  [{ ttl_seconds: 86_401 }],
  [{ runtime: 'node' }],
  [{ metadata: { a: 1 } }],
  [JSON.parse('{"metadata":{"__proto__":null}}')],
  ['text'],
])('refuses %j', async (body) => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  expect((await patch(tenantId, made, body)).status).toBe(400);
});
