import { type CreateSession, createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lateStore, type Write } from '../../testing/late-store.ts';
import {
  type ReconcilerFixture,
  startTables,
  type Tables,
  testRules,
} from '../../testing/reconciler-fixture.ts';
import { deleteSession } from '../delete.ts';
import { patchSession } from '../patch.ts';
import { createSession } from './create-session.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

type TenantId = ReturnType<typeof newTenantId>;
const quota = 1;
const never = new AbortController().signal;

/** @param on the store of the control-plane that creates; absent: the store of the fixture. */
const create = (
  fixture: ReconcilerFixture,
  tenantId: TenantId,
  on = fixture.store,
  body: Partial<CreateSession> = {},
) =>
  createSession(fixture.services({ store: on }), {
    tenantId,
    body: createSessionSchema.parse(body),
    idempotencyKey: 'key',
    client: never,
  });

const rowsOf = async (fixture: ReconcilerFixture, tenantId: TenantId) =>
  (await fixture.store.listByTenant(tenantId, { limit: 9 })).sessions;

const liveRowsOf = async (fixture: ReconcilerFixture, tenantId: TenantId) =>
  (await rowsOf(fixture, tenantId)).filter(
    ({ state }) => state === 'provisioning' || state === 'ready',
  );

/** The outcome of a create: `ready`, or the code of its error. */
const outcomeOf = (creating: Promise<unknown>) =>
  creating.then(
    () => 'ready',
    (error: { code?: string; retryable?: boolean }) => `${error.code}`,
  );

async function reconcileLater(fixture: ReconcilerFixture): Promise<void> {
  fixture.clock.nowMs += testRules.provisioningMs + testRules.graceMs + 1;
  await fixture.pass();
}

it('ends a session whose row lands after its rollback, and keeps within the quota', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const late = lateStore(fixture.store, 'create');
  await expect(create(fixture, tenantId, late.store)).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  expect(await late.land()).toBe('exists');
  expect(await rowsOf(fixture, tenantId)).toMatchObject([
    { state: 'failed', end_reason: 'crashed' },
  ]);
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
  await create(fixture, tenantId);
  expect(await liveRowsOf(fixture, tenantId)).toHaveLength(quota);
});

it('ends a row that lands while its create is rolled back', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const late = lateStore(fixture.store, 'create');
  const get: typeof fixture.store.get = async (...args) => {
    const found = await fixture.store.get(...args);
    if (found === null) await late.land();
    return found;
  };
  const failing = create(fixture, tenantId, {
    ...fixture.store,
    create: (...args) => late.store.create(...args),
    get,
  });
  await expect(failing).rejects.toMatchObject({ code: 'route_store_unavailable' });
  expect(await rowsOf(fixture, tenantId)).toMatchObject([{ state: 'failed', version: 2 }]);
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
});

it('writes no row for a session that the quota refused', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  await create(fixture, tenantId);
  const services = fixture.services();
  const request = {
    tenantId,
    body: createSessionSchema.parse({}),
    idempotencyKey: undefined,
    client: never,
  };
  await expect(createSession(services, request)).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(await rowsOf(fixture, tenantId)).toHaveLength(1);
});

it.each<[Write, number]>([
  ['putIdempotency', 1],
  ['addLive', 1],
  ['create', 1],
  ['update', 1],
  ['update', 2],
])('leaves nothing live, counted or locked if %s (call %i) lands late', async (write, call) => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const late = lateStore(fixture.store, write, call);
  await expect(create(fixture, tenantId, late.store)).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  await late.land();
  expect([await liveRowsOf(fixture, tenantId), fixture.inMemory.living()]).toEqual([[], []]);
  await reconcileLater(fixture);
  expect([await fixture.store.listLive(tenantId), await liveRowsOf(fixture, tenantId)]).toEqual([
    [],
    [],
  ]);
  const tries = [
    await outcomeOf(create(fixture, tenantId)),
    await outcomeOf(create(fixture, tenantId)),
  ];
  expect(tries).toContain('ready');
  expect(await liveRowsOf(fixture, tenantId)).toHaveLength(1);
});

it('does not let a key whose claim lands late refer to a session that never exists', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const late = lateStore(fixture.store, 'putIdempotency');
  await expect(create(fixture, tenantId, late.store)).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  await late.land();
  // The first request with the key gets the failure of the create before it. Neither request waits.
  expect(await outcomeOf(create(fixture, tenantId))).toBe('provisioning_failed');
  expect(await outcomeOf(create(fixture, tenantId))).toBe('ready');
});

it.each<Write>(['removeLive', 'deleteIdempotency'])(
  'does no harm if %s of a failed create lands after the next create',
  async (write) => {
    const fixture = await tables.openFixture(quota);
    const tenantId = newTenantId();
    const refusing = lateStore(fixture.store, 'update');
    const late = lateStore(refusing.store, write);
    await expect(create(fixture, tenantId, late.store)).rejects.toMatchObject({
      code: 'route_store_unavailable',
    });
    await create(fixture, tenantId);
    await late.land();
    expect(await fixture.store.listLive(tenantId)).toHaveLength(1);
    expect(await fixture.store.getIdempotency(tenantId, 'key')).not.toBeNull();
  },
);

/** A create that loses the response to the write of its ready row, and then the whole store. */
async function createAsStoreLeaves(fixture: ReconcilerFixture, tenantId: TenantId, lands: boolean) {
  let updates = 0;
  const isAway = () => Promise.reject(new SessionStoreUnavailableError('it is away'));
  const update: SessionStore['update'] = async (...args) => {
    updates += 1;
    if (updates === 1) return fixture.store.update(...args);
    if (updates === 2 && lands) await fixture.store.update(...args);
    return isAway();
  };
  const get: SessionStore['get'] = (...args) =>
    updates > 1 ? isAway() : fixture.store.get(...args);
  const failing = create(fixture, tenantId, { ...fixture.store, get, update });
  await expect(failing).rejects.toMatchObject({ code: 'route_store_unavailable' });
  await reconcileLater(fixture);
  const [session] = await rowsOf(fixture, tenantId);
  return { session, live: await fixture.store.listLive(tenantId) };
}

it('keeps a session that is ready, if it cannot reach the store to end it', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const { session, live } = await createAsStoreLeaves(fixture, tenantId, true);
  expect(session).toMatchObject({ state: 'ready' });
  expect(fixture.inMemory.living()).toMatchObject([{ instanceId: session?.instance_id }]);
  expect(live).toEqual([session?.session_id]);
  // The next request with the key gets the session.
  expect((await create(fixture, tenantId)).record).toMatchObject({
    session_id: session?.session_id,
  });
});

it('keeps a ready session that was patched before the write that made it ready was retried', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const update: SessionStore['update'] = async (next, version) => {
    const updated = await fixture.store.update(next, version);
    if (next.state !== 'ready') return updated;
    await patchSession(fixture.services(), tenantId, next.session_id, async () => ({
      metadata: { a: 'b' },
    }));
    return fixture.store.update(next, version);
  };
  const { record } = await create(fixture, tenantId, { ...fixture.store, update });
  expect(record).toMatchObject({ state: 'ready', metadata: { a: 'b' } });
  expect(await liveRowsOf(fixture, tenantId)).toEqual([record]);
  expect(fixture.inMemory.living()).toMatchObject([{ instanceId: record.instance_id }]);
});

it('leaves a session that never got ready to the reconciler, if it cannot reach the store', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const { session, live } = await createAsStoreLeaves(fixture, tenantId, false);
  expect(session).toMatchObject({ state: 'failed', end_reason: 'provisioning_timeout' });
  expect([live, fixture.inMemory.living()]).toEqual([[], []]);
});

it('keeps a recorded end if an update of the session lands after it', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const { record } = await create(fixture, tenantId);
  const late = lateStore(fixture.store, 'update');
  const services = fixture.services({ store: late.store });
  const patch = { metadata: { a: 'b' } };
  await expect(
    patchSession(services, tenantId, record.session_id, async () => patch),
  ).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  await deleteSession(fixture.services(), tenantId, record.session_id);
  expect(await late.land()).toMatchObject({ outcome: 'lost' });
  expect(await rowsOf(fixture, tenantId)).toMatchObject([
    { state: 'ended', end_reason: 'deleted', metadata: {} },
  ]);
});

it('releases the quota and the instance of a session whose end lands late', async () => {
  const fixture = await tables.openFixture(quota);
  const tenantId = newTenantId();
  const { record } = await create(fixture, tenantId);
  const late = lateStore(fixture.store, 'update');
  const services = fixture.services({ store: late.store });
  await expect(deleteSession(services, tenantId, record.session_id)).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  await late.land();
  await reconcileLater(fixture);
  expect([await fixture.store.listLive(tenantId), fixture.inMemory.living()]).toEqual([[], []]);
  expect(await rowsOf(fixture, tenantId)).toMatchObject([
    { state: 'ended', end_reason: 'deleted' },
  ]);
});
