import type { SessionId, TenantId } from '@steppe/contracts/ids';
import { expect, it } from 'vitest';
import type { SessionStore, SweptItem } from '../ports.ts';
import type { OpenStore } from './harness.ts';
import { endedRecord, newTenantId, provisioningRecord, readyRecord } from './session-records.ts';

export const sessionSweepConformance = (open: () => OpenStore): void => {
  it('gives every row that has not ended, every live set, and nothing else', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const provisioning = provisioningRecord({ tenant_id: tenantId });
    const ready = readyRecord(provisioningRecord({ tenant_id: tenantId }));
    const ended = endedRecord(provisioningRecord({ tenant_id: tenantId }));
    for (const record of [provisioning, ready, ended]) await store.create(record);
    await store.addLive(tenantId, ready.session_id, 5);
    await store.putIdempotency(tenantId, 'key', { session_id: ready.session_id, body_hash: '', expires: 4_000_000_000 });
    await store.acquireLease(tenantId, 'holder', 1_000, 0);
    const swept = await sweep(store, tenantId, []);
    expect(swept).toHaveLength(3);
    expect(swept).toEqual(
      expect.arrayContaining([
        { kind: 'session', record: provisioning },
        { kind: 'session', record: ready },
        { kind: 'live_set', tenantId, sessionIds: [ready.session_id] },
      ]),
    );
  });

  it('leaves out a live set that became empty', async () => {
    const { store } = open();
    const [tenantId, { session_id }] = [newTenantId(), provisioningRecord()];
    await store.addLive(tenantId, session_id, 5);
    await store.removeLive(tenantId, session_id);
    expect(await sweep(store, tenantId, [])).toEqual([]);
  });

  it('goes on past a row that cannot be read, and names it', async () => {
    const { store, spoil } = open();
    const tenantId = newTenantId();
    const records = Array.from({ length: 5 }, () => provisioningRecord({ tenant_id: tenantId }));
    for (const record of records) await store.create(record);
    const [spoilt, ...sound] = records.map((record) => record.session_id);
    if (spoilt === undefined) throw new Error('there are five');
    await spoil(spoilt);
    const swept = await sweep(store, tenantId, [spoilt]);
    expect(swept.filter(({ kind }) => kind === 'session')).toHaveLength(sound.length);
    expect(swept.filter(({ kind }) => kind === 'corrupt')).toMatchObject([{ error: { itemKey: spoilt } }]);
  });
};

/** Other tests write to the table at the same time: what is not this tenant's is left out. */
const sweep = async (store: SessionStore, tenantId: TenantId, spoilt: SessionId[]): Promise<SweptItem[]> => {
  const own: SweptItem[] = [];
  for await (const item of store.sweep()) {
    if (item.kind === 'session' && item.record.tenant_id === tenantId) own.push(item);
    if (item.kind === 'live_set' && item.tenantId === tenantId) own.push(item);
    if (item.kind === 'corrupt' && spoilt.some((id) => id === item.error.itemKey)) own.push(item);
  }
  return own;
};
