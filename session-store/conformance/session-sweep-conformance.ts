import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { expect, it } from 'vitest';
import { liveEntrySchema } from '../live-entry.ts';
import type { SessionStore, SweptItem } from '../ports.ts';
import type { OpenStore } from './harness.ts';
import { endedRecord, newTenantId, provisioningRecord, readyRecord } from './session-records.ts';

export const sessionSweepConformance = (open: () => OpenStore): void => {
  it('returns a row from its creation until it ends, as last written', async () => {
    const { store } = open();
    const provisioning = provisioningRecord({ metadata: { team: 'a' } });
    const { tenant_id: tenantId } = provisioning;
    const ready = readyRecord(provisioning);
    await store.create(provisioning);
    await swept(store, tenantId).toEqual([entryOf(provisioning)]);
    await store.update(ready, 1);
    await swept(store, tenantId).toEqual([entryOf({ ...ready, version: 2 })]);
    await store.update({ ...ready, metadata: { patched: 'yes' } }, 2);
    await swept(store, tenantId).toEqual([entryOf({ ...ready, version: 3 })]);
    await store.update(endedRecord(provisioning), 3);
    await swept(store, tenantId).toEqual([]);
  });

  it('returns a live set while it contains an id', async () => {
    const { store } = open();
    const [tenantId, first, second] = [newTenantId(), newId(), newId()];
    const setOf = (...sessionIds: SessionId[]) => [
      { kind: 'live_set', tenantId, sessionIds: inAnyOrder(sessionIds) },
    ];
    for (const _ of ['once', 'and once more']) {
      await store.addLive(tenantId, first, 5);
      await swept(store, tenantId).toEqual(setOf(first));
      await store.addLive(tenantId, second, 5);
      await swept(store, tenantId).toEqual(setOf(first, second));
      await store.removeLive(tenantId, first);
      await swept(store, tenantId).toEqual(setOf(second));
      await store.removeLive(tenantId, second);
      await swept(store, tenantId).toEqual([]);
    }
  });

  it('returns only live items', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const live = readyRecord(provisioningRecord({ tenant_id: tenantId }));
    const { session_id: sessionId } = live;
    await store.putIdempotency(tenantId, 'key', {
      session_id: sessionId,
      body_hash: '',
      expires: 4_000_000_000,
    });
    await store.acquireLease(tenantId, 'holder', 1_000, 0);
    await store.create(endedRecord(provisioningRecord({ tenant_id: tenantId })));
    await store.addLive(tenantId, newId(), 0);
    await store.create(live);
    await swept(store, tenantId).toEqual([entryOf(live)]);
  });

  it('returns each row once, even if there are more than one query returns', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const records = Array.from({ length: 100 }, () => provisioningRecord({ tenant_id: tenantId }));
    await Promise.all(records.map((record) => store.create(record)));
    const ids = records.map((record) => record.session_id).toSorted();
    const idsOf = (items: SweptItem[]) =>
      items.flatMap((item) => (item.kind === 'session' ? item.entry.session_id : [])).toSorted();
    await expect.poll(async () => idsOf(await sweep(store, tenantId)), wait).toEqual(ids);
  });

  it('continues past a row that cannot be read, and names it', async () => {
    const { store, spoil } = open();
    const tenantId = newTenantId();
    const records = Array.from({ length: 5 }, () => provisioningRecord({ tenant_id: tenantId }));
    for (const record of records) await store.create(record);
    const [spoilt, ...sound] = records;
    if (spoilt === undefined) throw new Error('there are five');
    await spoil(spoilt.session_id);
    const error = expect.objectContaining({
      code: 'route_store_corrupt',
      itemKey: spoilt.session_id,
    });
    await expect
      .poll(() => sweep(store, tenantId, [spoilt.session_id]), wait)
      .toEqual(inAnyOrder([...sound.map(entryOf), { kind: 'corrupt', error }]));
  });
};

const wait = { timeout: 10_000 };

const newId = (): SessionId => provisioningRecord().session_id;

const entryOf = (record: SessionRecord): SweptItem => ({
  kind: 'session',
  entry: liveEntrySchema.parse(record),
});

const inAnyOrder = (wanted: readonly unknown[]) =>
  expect.toSatisfy((given: readonly unknown[]) => {
    expect(given).toHaveLength(wanted.length);
    expect(given).toEqual(expect.arrayContaining([...wanted]));
    return true;
  });

const swept = (store: SessionStore, tenantId: TenantId) =>
  expect.poll(() => sweep(store, tenantId), wait);

/** Other tests write to the table at the same time: items of other tenants are left out. */
const sweep = async (
  store: SessionStore,
  tenantId: TenantId,
  spoilt: SessionId[] = [],
): Promise<SweptItem[]> => {
  const own: SweptItem[] = [];
  for await (const item of store.sweep()) {
    if (item.kind === 'session' && item.entry.tenant_id === tenantId) own.push(item);
    if (item.kind === 'live_set' && item.tenantId === tenantId) own.push(item);
    if (item.kind === 'corrupt' && spoilt.some((id) => id === item.error.itemKey)) own.push(item);
  }
  return own;
};
