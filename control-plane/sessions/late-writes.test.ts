import { type CreateSession, createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lateStore, type Write } from '../testing/late-store.ts';
import { type ReconcilerBed, startTables, type Tables, testRules } from '../testing/reconciler-bed.ts';
import { createSession } from './create-session.ts';
import { endSession } from './end-session.ts';
import { patchSession } from './patch-session.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

type TenantId = ReturnType<typeof newTenantId>;
const quota = 1;
const never = new AbortController().signal;

/** @param on the store of the control-plane that creates; that of the bed where it is absent. */
const create = (bed: ReconcilerBed, tenantId: TenantId, on = bed.store, body: Partial<CreateSession> = {}) =>
  createSession(bed.services({ store: on }), {
    tenantId,
    body: createSessionSchema.parse(body),
    idempotencyKey: 'key',
    client: never,
  });

const rowsOf = async (bed: ReconcilerBed, tenantId: TenantId) => (await bed.store.listByTenant(tenantId, { limit: 9 })).sessions;

const liveRowsOf = async (bed: ReconcilerBed, tenantId: TenantId) =>
  (await rowsOf(bed, tenantId)).filter(({ state }) => state === 'provisioning' || state === 'ready');

/** What a create ends with: its session, or the code of its error. */
const outcomeOf = (creating: Promise<unknown>) =>
  creating.then(
    () => 'ready',
    (error: { code?: string; retryable?: boolean }) => `${error.code}`,
  );

async function reconcileLater(bed: ReconcilerBed): Promise<void> {
  bed.clock.nowMs += testRules.provisioningMs + testRules.graceMs + 1;
  await bed.pass();
}

it('ends a session whose row lands after its create was rolled back, and admits no session above the quota', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const late = lateStore(bed.store, 'create');
  await expect(create(bed, tenantId, late.store)).rejects.toMatchObject({ code: 'route_store_unavailable' });
  expect(await late.land()).toBe('exists');
  expect(await rowsOf(bed, tenantId)).toMatchObject([{ state: 'failed', end_reason: 'crashed' }]);
  expect(await bed.store.listLive(tenantId)).toEqual([]);
  await create(bed, tenantId);
  expect(await liveRowsOf(bed, tenantId)).toHaveLength(quota);
});

it('ends the row where that lands while the create is rolled back', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const late = lateStore(bed.store, 'create');
  const get: typeof bed.store.get = async (...args) => {
    const found = await bed.store.get(...args);
    if (found === null) await late.land();
    return found;
  };
  const failing = create(bed, tenantId, { ...bed.store, create: (...args) => late.store.create(...args), get });
  await expect(failing).rejects.toMatchObject({ code: 'route_store_unavailable' });
  expect(await rowsOf(bed, tenantId)).toMatchObject([{ state: 'failed', version: 2 }]);
  expect(await bed.store.listLive(tenantId)).toEqual([]);
});

it('writes no row for a session that never got so far', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  await create(bed, tenantId);
  const services = bed.services();
  const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined, client: never };
  await expect(createSession(services, request)).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(await rowsOf(bed, tenantId)).toHaveLength(1);
});

it.each<[Write, number]>([
  ['putIdempotency', 1],
  ['addLive', 1],
  ['create', 1],
  ['update', 1],
  ['update', 2],
])('leaves nothing live, counted or locked where %s (call %i) lands late', async (write, call) => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const late = lateStore(bed.store, write, call);
  await expect(create(bed, tenantId, late.store)).rejects.toMatchObject({ code: 'route_store_unavailable' });
  await late.land();
  expect([await liveRowsOf(bed, tenantId), bed.place.living()]).toEqual([[], []]);
  await reconcileLater(bed);
  expect([await bed.store.listLive(tenantId), await liveRowsOf(bed, tenantId)]).toEqual([[], []]);
  const tries = [await outcomeOf(create(bed, tenantId)), await outcomeOf(create(bed, tenantId))];
  expect(tries).toContain('ready');
  expect(await liveRowsOf(bed, tenantId)).toHaveLength(1);
});

it('lets a key whose claim lands late stand for no session that nobody makes', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const late = lateStore(bed.store, 'putIdempotency');
  await expect(create(bed, tenantId, late.store)).rejects.toMatchObject({ code: 'route_store_unavailable' });
  await late.land();
  // The first request under the key is told how the one before it ended; neither waits for it.
  expect(await outcomeOf(create(bed, tenantId))).toBe('runtime_unreachable');
  expect(await outcomeOf(create(bed, tenantId))).toBe('ready');
});

it.each<Write>(['removeLive', 'deleteIdempotency'])(
  'does no harm where %s of a create that failed lands after the next one',
  async (write) => {
    const bed = await tables.openBed(quota);
    const tenantId = newTenantId();
    const refusing = lateStore(bed.store, 'update');
    const late = lateStore(refusing.store, write);
    await expect(create(bed, tenantId, late.store)).rejects.toMatchObject({ code: 'route_store_unavailable' });
    await create(bed, tenantId);
    await late.land();
    expect(await bed.store.listLive(tenantId)).toHaveLength(1);
    expect(await bed.store.getIdempotency(tenantId, 'key')).not.toBeNull();
  },
);

it('keeps an end that was recorded where a change of the session lands after it', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const { record } = await create(bed, tenantId);
  const late = lateStore(bed.store, 'update');
  const services = bed.services({ store: late.store });
  const patch = { metadata: { a: 'b' } };
  await expect(patchSession(services, tenantId, record.session_id, async () => patch)).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  await endSession(bed.services(), tenantId, record.session_id);
  expect(await late.land()).toMatchObject({ outcome: 'lost' });
  expect(await rowsOf(bed, tenantId)).toMatchObject([{ state: 'ended', end_reason: 'deleted', metadata: {} }]);
});

it('takes a session whose end lands late out of the quota, and its instance away', async () => {
  const bed = await tables.openBed(quota);
  const tenantId = newTenantId();
  const { record } = await create(bed, tenantId);
  const late = lateStore(bed.store, 'update');
  const services = bed.services({ store: late.store });
  await expect(endSession(services, tenantId, record.session_id)).rejects.toMatchObject({ code: 'route_store_unavailable' });
  await late.land();
  await reconcileLater(bed);
  expect([await bed.store.listLive(tenantId), bed.place.living()]).toEqual([[], []]);
  expect(await rowsOf(bed, tenantId)).toMatchObject([{ state: 'ended', end_reason: 'deleted' }]);
});
