import { sessionListSchema } from '@steppe/contracts/session';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
} from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type OpenControlPlane,
  openTestFixture,
  type TestFixture,
} from '../testing/open-control-plane.ts';

let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open();
});
afterAll(() => fixture.close());

const list = async (tenantId: ReturnType<typeof newTenantId>, query = '') => {
  const { status, body } = await plane.call(tenantId, 'GET', `/v1/sessions${query}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  return sessionListSchema.parse(body);
};

it('lists the tenant’s sessions in pages, newest first, without the agents’ state', async () => {
  const tenantId = newTenantId();
  const records = Array.from({ length: 5 }, (_, second) =>
    provisioningRecord({ tenant_id: tenantId, created_at: `2026-11-23T12:00:0${second}.000Z` }),
  );
  await Promise.all(records.map((record) => fixture.store.create(record)));
  await fixture.store.create(provisioningRecord());
  const newestFirst = records.map(({ session_id }) => session_id).toReversed();
  const first = await list(tenantId, '?limit=3');
  const rest = await list(
    tenantId,
    `?limit=3&cursor=${encodeURIComponent(first.next_cursor ?? '')}`,
  );
  expect([...first.sessions, ...rest.sessions].map(({ session_id }) => session_id)).toEqual(
    newestFirst,
  );
  expect([first.sessions.length, rest.next_cursor]).toEqual([3, null]);
  expect(first.sessions[0]).not.toHaveProperty('epoch');
  expect(await list(newTenantId())).toEqual({ sessions: [], next_cursor: null });
});

it('filters by state and by every pair of metadata, whatever their names', async () => {
  const tenantId = newTenantId();
  const made = provisioningRecord({
    tenant_id: tenantId,
    metadata: { 'job.id': '7', 'a b': 'ü&=' },
  });
  const other = provisioningRecord({
    tenant_id: tenantId,
    metadata: { 'job.id': '8', 'a b': 'ü&=' },
  });
  const ended = {
    ...endedRecord(provisioningRecord({ tenant_id: tenantId })),
    purge_at: 4_000_000_000,
  };
  await Promise.all([made, other, ended].map((record) => fixture.store.create(record)));
  const ids = async (query: string) =>
    (await list(tenantId, query)).sessions.map(({ session_id }) => session_id);
  expect(await ids('?state=ended')).toEqual([ended.session_id]);
  expect(await ids('?metadata.job.id=7')).toEqual([made.session_id]);
  expect(
    await ids(`?metadata.a%20b=${encodeURIComponent('ü&=')}&metadata.job.id=8&state=provisioning`),
  ).toEqual([other.session_id]);
  expect(await ids('?metadata.job.id=9')).toEqual([]);
});

it('omits purged sessions', async () => {
  const tenantId = newTenantId();
  await fixture.store.create({
    ...endedRecord(provisioningRecord({ tenant_id: tenantId })),
    purge_at: 1_700_000_000,
  });
  expect((await list(tenantId)).sessions).toEqual([]);
});

it.each([
  ['limit=0', 'limit'],
  ['limit=201', 'limit'],
  ['limit=ten', 'limit'],
  ['state=gone', 'state'],
  ['cursor=nonsense', 'cursor'],
  ['colour=red', 'colour'],
  ['metadata=x', 'metadata'],
  ['metadata.=x', 'metadata.'],
  [`metadata.k1=${'x'.repeat(4097)}`, 'metadata.k1'],
  ['metadata.__proto__=x', 'metadata.__proto__'],
  ['__proto__=x', '__proto__'],
  ['limit=1&limit=2', 'limit'],
])('refuses ?%s', async (query, path) => {
  const { status, body } = await plane.call(newTenantId(), 'GET', `/v1/sessions?${query}`);
  expect([status, body]).toMatchObject([
    400,
    { error: { code: 'invalid_request', details: { issues: [{ path }] } } },
  ]);
});

it('refuses a cursor of another tenant', async () => {
  const [owner, stranger] = [newTenantId(), newTenantId()];
  await Promise.all(
    [1, 2].map(() => fixture.store.create(provisioningRecord({ tenant_id: owner }))),
  );
  const { next_cursor: cursor } = await list(owner, '?limit=1');
  const { status } = await plane.call(
    stranger,
    'GET',
    `/v1/sessions?cursor=${encodeURIComponent(cursor ?? '')}`,
  );
  expect([typeof cursor, status]).toEqual(['string', 400]);
});

it('lists the runtimes with their limits', async () => {
  const { status, body } = await plane.call(newTenantId(), 'GET', '/v1/runtimes');
  const runtime = (name: string) =>
    expect.objectContaining({ name, language: name, max_resources: expect.anything() });
  expect([status, body]).toEqual([
    200,
    { runtimes: expect.arrayContaining([runtime('python'), runtime('node')]) },
  ]);
  expect(
    (await plane.call(newTenantId(), 'GET', '/v1/runtimes', { scopes: ['steps:run'] })).status,
  ).toBe(403);
});
