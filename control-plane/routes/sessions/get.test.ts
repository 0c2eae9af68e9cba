import { newSessionId } from '@steppe/contracts/ids';
import { sessionSchema } from '@steppe/contracts/session';
import { endedRecord, newTenantId, provisioningRecord } from '@steppe/route-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenControlPlane, openTestBed, pathOf, type TestBed } from '../../testing/open-control-plane.ts';

let bed: TestBed;
let plane: OpenControlPlane;
beforeAll(async () => {
  bed = await openTestBed();
  plane = await bed.open();
});
afterAll(() => bed.close());

it('asks the agent for the epoch and the last activity', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const { status, body } = await plane.call(tenantId, 'GET', pathOf(made.session_id));
  expect(status).toBe(200);
  expect(sessionSchema.parse(body)).toEqual({ ...made, epoch: 4, last_active_at: '2026-11-23T12:00:00.000Z' });
});

it('leaves both out where the agent does not answer in time', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId, { runtime: 'hang-state' });
  const { body } = await plane.call(tenantId, 'GET', pathOf(made.session_id));
  const { epoch, last_active_at, ...row } = made;
  expect(body).toEqual(row);
});

it('answers the same 404 for foreign, missing, purged and impossible sessions', async () => {
  const owner = newTenantId();
  const { session_id: foreign } = await plane.create(owner);
  const purged = endedRecord(provisioningRecord({ tenant_id: owner }));
  await bed.store.create({ ...purged, purge_at: 1_700_000_000 });
  const errorOf = async (tenantId: typeof owner, id: string) => {
    const answer = await plane.call(tenantId, 'GET', `/v1/sessions/${id}`, { headers: { 'x-request-id': 'same' } });
    expect(answer.status).toBe(404);
    return JSON.stringify(answer.body).replaceAll(id, 'ID');
  };
  const stranger = newTenantId();
  const answers = [
    await errorOf(stranger, newSessionId()),
    await errorOf(stranger, foreign),
    await errorOf(owner, purged.session_id),
    await errorOf(owner, 'ses_'),
    await errorOf(owner, 'ses_a-b'),
  ];
  expect(new Set(answers).size).toBe(1);
});

it('shows an ended session with its reason until it is purged', async () => {
  const tenantId = newTenantId();
  const record = { ...endedRecord(provisioningRecord({ tenant_id: tenantId })), end_detail: 'as asked', purge_at: 4_000_000_000 };
  await bed.store.create(record);
  const { status, body } = await plane.call(tenantId, 'GET', pathOf(record.session_id));
  expect([status, sessionSchema.parse(body)]).toEqual([
    200,
    expect.objectContaining({ state: 'ended', end_reason: 'deleted', end_detail: 'as asked', instance_id: null, ready_at: null }),
  ]);
});

it('refuses parameters, methods, tokens without the scope and callers without a token', async () => {
  const tenantId = newTenantId();
  const path = pathOf(newSessionId());
  expect((await plane.call(tenantId, 'GET', `${path}?x=1`)).status).toBe(400);
  const put = await plane.call(tenantId, 'PUT', path, { body: {} });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, PATCH']);
  expect((await plane.call(tenantId, 'GET', path, { scopes: ['sessions:write', 'steps:run'] })).status).toBe(403);
  expect((await plane.call(tenantId, 'DELETE', path, { scopes: ['sessions:read'] })).status).toBe(403);
  expect((await plane.call(tenantId, 'GET', path, { headers: { authorization: '' } })).status).toBe(401);
  expect((await plane.call(tenantId, 'GET', '/v2/sessions')).body).toMatchObject({ error: { code: 'route_not_found' } });
});

it('answers 503 where the store does not', async () => {
  const { RouteStoreThrottled } = await import('@steppe/route-store/errors');
  const broken = await bed.open({ store: { ...bed.store, get: () => Promise.reject(new RouteStoreThrottled('too much')) } });
  const { status, body } = await broken.call(newTenantId(), 'GET', pathOf(newSessionId()));
  expect([status, body]).toMatchObject([503, { error: { code: 'route_store_unavailable', retryable: true } }]);
});
