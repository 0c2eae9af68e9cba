import { storedInstanceIdSchema } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expect, it } from 'vitest';
import type { OpenStore } from './harness.ts';
import { endedRecord, provisioningRecord, readyRecord } from './session-records.ts';

export const sessionRowsConformance = (open: () => OpenStore): void => {
  it('returns the row that was created, and null for an id that never was', async () => {
    const { store } = open();
    const record = provisioningRecord({ metadata: { team: 'a', 'with.dot': '', 'a b#:$': 'ü' } });
    expect(await store.create(record)).toBe('created');
    expect(await store.get(record.session_id, { consistent: true })).toEqual(record);
    expect(await store.get(newSessionId(), { consistent: true })).toBeNull();
  });

  it('returns a write without consistent reads, too, sooner or later', async () => {
    const { store } = open();
    const record = provisioningRecord();
    await store.create(record);
    await expect
      .poll(() => store.get(record.session_id, { consistent: false }), { timeout: 5_000 })
      .toEqual(record);
  });

  it('creates an id once and leaves the first row unchanged', async () => {
    const { store } = open();
    const record = provisioningRecord();
    expect(await store.create(record)).toBe('created');
    expect(await store.create(record)).toBe('exists');
    expect(await store.create({ ...record, runtime: 'node' })).toBe('exists');
    expect(await store.get(record.session_id, { consistent: true })).toEqual(record);
  });

  it('lets one of 20 concurrent creates of an id win', async () => {
    const { store } = open();
    const record = provisioningRecord();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.create(record)));
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
  });

  it('updates a row of the expected version and increments its version', async () => {
    const { store } = open();
    const record = provisioningRecord();
    await store.create(record);
    const ready = readyRecord(record);
    expect(await store.update(ready, 1)).toEqual({
      outcome: 'updated',
      record: { ...ready, version: 2 },
    });
    expect(await store.get(record.session_id, { consistent: true })).toEqual({
      ...ready,
      version: 2,
    });
  });

  it('returns the row of an earlier version, whose instance id has upper-case letters', async () => {
    const { store } = open();
    const instanceId = storedInstanceIdSchema.parse('ins_01JD8Z6Y4M3K7Q9ZB5W8E2R6TY');
    const record = { ...readyRecord(), instance_id: instanceId };
    await store.create(record);
    expect(await store.get(record.session_id, { consistent: true })).toEqual(record);
  });

  it('removes the fields that the next state does not have', async () => {
    const { store } = open();
    const record = provisioningRecord();
    await store.create(record);
    await store.update(readyRecord(record), 1);
    const ended = endedRecord(record);
    await store.update(ended, 2);
    expect(await store.get(record.session_id, { consistent: true })).toEqual({
      ...ended,
      version: 3,
    });
  });

  it('returns the current row after a lost race', async () => {
    const { store } = open();
    const record = provisioningRecord();
    await store.create(record);
    const ready = readyRecord(record);
    await store.update(ready, 1);
    expect(await store.update(endedRecord(record), 1)).toEqual({
      outcome: 'lost',
      current: { ...ready, version: 2 },
    });
  });

  it('distinguishes a missing row from a lost race and does not create it', async () => {
    const { store } = open();
    const record = provisioningRecord();
    expect(await store.update(record, 1)).toEqual({ outcome: 'absent' });
    expect(await store.get(record.session_id, { consistent: true })).toBeNull();
  });

  it('lets exactly one of 20 concurrent updates win, even if they are identical', async () => {
    const { store } = open();
    const record = provisioningRecord();
    await store.create(record);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.update(readyRecord(record), 1)),
    );
    const won = outcomes.filter(({ outcome }) => outcome === 'updated');
    expect(won).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'lost')).toHaveLength(19);
    expect(won).toEqual([
      { outcome: 'updated', record: await store.get(record.session_id, { consistent: true }) },
    ]);
  });

  it('writes purge_at as the TTL attribute only for an ended row', async () => {
    const { store, purgeAt } = open();
    const record = provisioningRecord();
    await store.create(record);
    expect(await purgeAt(record.session_id)).toBeUndefined();
    const ended = endedRecord(record);
    await store.update(ended, 1);
    expect(await purgeAt(record.session_id)).toBe(ended.purge_at);
  });

  it('ignores attributes of a newer version, and keeps them through updates', async () => {
    const { store, addUnknown, unknownOf } = open();
    const record = provisioningRecord({ metadata: { gone: 'with the next write' } });
    const { session_id: sessionId, tenant_id: tenantId } = record;
    await store.create(record);
    await addUnknown(sessionId);
    expect(await store.get(sessionId, { consistent: true })).toEqual(record);
    const list = async () => (await store.listByTenant(tenantId, { limit: 5 })).sessions;
    await expect.poll(list, { timeout: 5_000 }).toEqual([record]);
    const ready = readyRecord({ ...record, metadata: {} });
    expect(await store.update(ready, 1)).toEqual({
      outcome: 'updated',
      record: { ...ready, version: 2 },
    });
    expect(await store.update(ready, 1)).toEqual({
      outcome: 'lost',
      current: { ...ready, version: 2 },
    });
    const ended = endedRecord(ready);
    await store.update(ended, 2);
    expect(await store.get(sessionId, { consistent: true })).toEqual({ ...ended, version: 3 });
    expect(await unknownOf(sessionId)).toEqual(['a', '1']);
  });

  it('names the id of a row that cannot be read', async () => {
    const { store, spoil } = open();
    const record = provisioningRecord();
    await store.create(record);
    await spoil(record.session_id);
    const refusal = expect.objectContaining({
      code: 'route_store_corrupt',
      itemKey: record.session_id,
    });
    await expect(store.get(record.session_id, { consistent: true })).rejects.toEqual(refusal);
    await expect(store.update(record, 7)).rejects.toEqual(refusal);
  });

  it('throws the reason of a signal that was already aborted', async () => {
    const { store } = open();
    const reason = new Error('the client left');
    const signal = AbortSignal.abort(reason);
    await expect(store.get(newSessionId(), { consistent: true, signal })).rejects.toBe(reason);
    await expect(store.create(provisioningRecord(), { signal })).rejects.toBe(reason);
  });
};
