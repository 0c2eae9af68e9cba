import { sessionSchema } from '@steppe/contracts/session';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
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

it('returns the epoch and the last activity from the agent', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const { status, body } = await plane.call(tenantId, 'GET', pathOf(made.session_id));
  expect(status).toBe(200);
  expect(sessionSchema.parse(body)).toEqual({
    ...made,
    epoch: 4,
    last_active_at: '2026-11-23T12:00:00.000Z',
  });
});

it('omits both if the agent does not respond in time', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId, { runtime: 'hang-state' });
  const { body } = await plane.call(tenantId, 'GET', pathOf(made.session_id));
  const { epoch, last_active_at, ...row } = made;
  expect(body).toEqual(row);
});

it('returns the same 404 for foreign, missing, purged and invalid session ids', async () => {
  const owner = newTenantId();
  const { session_id: foreign } = await plane.create(owner);
  const purged = endedRecord(provisioningRecord({ tenant_id: owner }));
  await fixture.store.create({ ...purged, purge_at: 1_700_000_000 });
  const errorOf = async (tenantId: typeof owner, id: string) => {
    const response = await plane.call(tenantId, 'GET', `/v1/sessions/${id}`, {
      headers: { 'x-request-id': 'same' },
    });
    expect(response.status).toBe(404);
    return JSON.stringify(response.body).replaceAll(id, 'ID');
  };
  const stranger = newTenantId();
  const responses = [
    await errorOf(stranger, newSessionId()),
    await errorOf(stranger, foreign),
    await errorOf(owner, purged.session_id),
    await errorOf(owner, 'ses_'),
    await errorOf(owner, 'ses_a-b'),
  ];
  expect(new Set(responses).size).toBe(1);
});

it('shows an ended session with its reason until it is purged', async () => {
  const tenantId = newTenantId();
  const record = {
    ...endedRecord(provisioningRecord({ tenant_id: tenantId })),
    end_detail: 'as requested',
    purge_at: 4_000_000_000,
  };
  await fixture.store.create(record);
  const { status, body } = await plane.call(tenantId, 'GET', pathOf(record.session_id));
  expect([status, sessionSchema.parse(body)]).toEqual([
    200,
    expect.objectContaining({
      state: 'ended',
      end_reason: 'deleted',
      end_detail: 'as requested',
      instance_id: null,
      ready_at: null,
    }),
  ]);
});

it('refuses parameters, methods, tokens without the scope, and a missing token', async () => {
  const tenantId = newTenantId();
  const path = pathOf(newSessionId());
  expect((await plane.call(tenantId, 'GET', `${path}?x=1`)).status).toBe(400);
  const put = await plane.call(tenantId, 'PUT', path, { body: {} });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, PATCH']);
  expect(
    (await plane.call(tenantId, 'GET', path, { scopes: ['sessions:write', 'steps:run'] })).status,
  ).toBe(403);
  expect((await plane.call(tenantId, 'DELETE', path, { scopes: ['sessions:read'] })).status).toBe(
    403,
  );
  expect((await plane.call(tenantId, 'GET', path, { headers: { authorization: '' } })).status).toBe(
    401,
  );
  expect((await plane.call(tenantId, 'GET', '/v2/sessions')).body).toMatchObject({
    error: { code: 'route_not_found' },
  });
});

it('returns 503 if the store throttles the read', async () => {
  const { SessionStoreThrottledError } = await import('@steppe/session-store/errors');
  const broken = await fixture.open({
    store: {
      ...fixture.store,
      get: () => Promise.reject(new SessionStoreThrottledError('too much')),
    },
  });
  const { status, body } = await broken.call(newTenantId(), 'GET', pathOf(newSessionId()));
  expect([status, body]).toMatchObject([
    503,
    { error: { code: 'route_store_unavailable', retryable: true } },
  ]);
});
