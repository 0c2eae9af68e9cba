import { type TenantId, tenantIdSchema } from '@steppe/contracts/ids';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import { beforeEach, expect, it } from 'vitest';
import {
  createFakeRoutes,
  ended,
  type FakeRoutes,
  provisioning,
  ready,
} from '../testing/fake-routes.ts';
import { createRouteResolver, type RouteResolver } from './resolve-route.ts';
import { createRouteCache } from './route-cache.ts';

const tenantId = tenantIdSchema.parse('mine');
const other = tenantIdSchema.parse('theirs');
let routes: FakeRoutes;
let resolver: RouteResolver;
let nowMs: number;
beforeEach(() => {
  routes = createFakeRoutes();
  nowMs = Date.now();
  const clock = { now: () => nowMs };
  resolver = createRouteResolver({
    cache: createRouteCache(
      { max: 9, ttlMs: 5_000, staleMs: 60_000 },
      { routes, clock, ids: realParts.ids },
    ),
    clock,
  });
});

const add = <R extends SessionRecord>(record: R): R => {
  routes.rows.set(record.session_id, record);
  return record;
};
const readyOf = (tenant: TenantId, changed: Partial<ReadyRecord> = {}) =>
  add(ready(tenant, 'http://10.0.0.1:8080', changed));
const requestFor = (record: Pick<SessionRecord, 'session_id'>, begins = false) => ({
  sessionId: record.session_id,
  tenantId,
  begins,
});
const consistentReads = () => routes.reads.filter(({ consistent }) => consistent).length;

it('returns the route of a ready session after one eventually consistent read', async () => {
  const record = readyOf(tenantId);
  expect(await resolver.resolve(requestFor(record))).toMatchObject({
    source: 'miss',
    route: { origin: 'http://10.0.0.1:8080' },
  });
  expect(consistentReads()).toBe(0);
});

it.each<[string, () => SessionRecord | undefined, object]>([
  ['a missing session', () => undefined, { code: 'session_not_found' }],
  ["another tenant's session", () => readyOf(other), { code: 'session_not_found' }],
  [
    'an ended session',
    () => add(ended(readyOf(tenantId))),
    { code: 'session_ended', details: { end_reason: 'deleted' } },
  ],
  [
    'a session whose day after its end is over',
    () => add(ended(readyOf(tenantId), 1_000)),
    { code: 'session_not_found' },
  ],
])('refuses %s, and only after a strongly consistent read', async (_, make, expected) => {
  const record = make() ?? { session_id: newSessionId() };
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject(expected);
  expect(routes.reads.map(({ consistent }) => consistent)).toEqual([false, true]);
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject(expected);
  expect(routes.reads).toHaveLength(2);
  nowMs += 1_001;
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject(expected);
  expect(consistentReads()).toBe(2);
});

it('refuses a session that is being created, after a consistent read each time', async () => {
  const record = add(provisioning(tenantId));
  for (let count = 1; count <= 3; count++) {
    const refusal = { code: 'session_not_ready', headers: { 'Retry-After': '1' } };
    await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject(refusal);
    expect(consistentReads()).toBe(count);
  }
});

it('never refuses on a read that began before the request arrived', async () => {
  const record = add(provisioning(tenantId));
  let open = () => {};
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject({
    code: 'session_not_ready',
  });
  routes.gate = new Promise((resolve) => {
    open = resolve;
  });
  const early = resolver.resolve(requestFor(record));
  await expect.poll(consistentReads).toBe(2);
  routes.consistent.set(record.session_id, { ...readyOf(tenantId), session_id: record.session_id });
  const late = [resolver.resolve(requestFor(record)), resolver.resolve(requestFor(record))];
  open();
  await expect(early).rejects.toMatchObject({ code: 'session_not_ready' });
  for (const resolved of await Promise.all(late))
    expect(resolved).toMatchObject({ route: { state: 'ready' } });
  expect(consistentReads()).toBe(3);
});

it.each<[string, (current: SessionRecord) => SessionRecord | undefined]>([
  ['has no row yet', () => undefined],
  [
    'still says provisioning',
    (current) => ({ ...provisioning(tenantId), session_id: current.session_id }),
  ],
])('finds a session that a stale read %s', async (_, staleOf) => {
  const current = readyOf(tenantId);
  const stale = staleOf(current);
  routes.rows.delete(current.session_id);
  if (stale) routes.rows.set(current.session_id, stale);
  routes.consistent.set(current.session_id, current);
  expect(await resolver.resolve(requestFor(current))).toMatchObject({ route: { state: 'ready' } });
});

it('refuses a cached route to another tenant, and keeps it for its owner', async () => {
  const record = readyOf(other);
  await resolver.resolve({ ...requestFor(record), tenantId: other });
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject({
    code: 'session_not_found',
  });
  expect(consistentReads()).toBe(1);
  expect(await resolver.resolve({ ...requestFor(record), tenantId: other })).toMatchObject({
    source: 'hit',
  });
});

it('reports a foreign and a missing session in the same way', async () => {
  const refusals = await Promise.all(
    [readyOf(other), { session_id: newSessionId() }].map((record) =>
      resolver.resolve(requestFor(record)).catch((error) => error.toBody('r')),
    ),
  );
  expect(refusals[0]).toEqual(refusals[1]);
  expect(refusals[0]).toMatchObject({ error: { code: 'session_not_found' } });
});

it('refuses new work in an expired session, and lets other calls through', async () => {
  const record = readyOf(tenantId, { expires_at: new Date(nowMs - 1).toISOString() });
  await expect(resolver.resolve(requestFor(record, true))).rejects.toMatchObject({
    code: 'session_ended',
    details: { end_reason: 'expired' },
  });
  expect(consistentReads()).toBe(1);
  expect(await resolver.resolve(requestFor(record, false))).toMatchObject({
    route: { state: 'ready' },
  });
});

it('reads an extension before it treats a session as expired', async () => {
  const record = readyOf(tenantId, { expires_at: new Date(nowMs + 1_000).toISOString() });
  await resolver.resolve(requestFor(record, true));
  routes.consistent.set(record.session_id, {
    ...record,
    version: 2,
    expires_at: new Date(nowMs + 60_000).toISOString(),
  });
  nowMs += 1_500;
  expect(await resolver.resolve(requestFor(record, true))).toMatchObject({
    route: { state: 'ready' },
  });
});

it('reports an outage of the store if the route is not known', async () => {
  routes.failure = new SessionStoreUnavailableError('down');
  await expect(resolver.resolve(requestFor(readyOf(tenantId)))).rejects.toMatchObject({
    code: 'route_store_unavailable',
    retryable: true,
    status: 503,
  });
});

it('does not refuse on a row that it cannot read again', async () => {
  const record = readyOf(tenantId, { expires_at: new Date(nowMs + 1_000).toISOString() });
  await resolver.resolve(requestFor(record, true));
  nowMs += 1_500;
  routes.failure = new SessionStoreUnavailableError('down');
  await expect(resolver.resolve(requestFor(record, true))).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
});

it('throws a failure that is not an outage unchanged', async () => {
  routes.failure = new Error('a mistake');
  await expect(resolver.resolve(requestFor(readyOf(tenantId)))).rejects.toBe(routes.failure);
});
