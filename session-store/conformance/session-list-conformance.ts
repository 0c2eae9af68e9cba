import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { expect, it } from 'vitest';
import type { ListQuery, SessionStore } from '../ports.ts';
import type { OpenStore } from './harness.ts';
import { newTenantId, provisioningRecord, readyRecord } from './session-records.ts';

export const sessionListConformance = (open: () => OpenStore): void => {
  it('lists only the rows of its tenant, newest first', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const records = await createRows(store, tenantId, [3, 1, 2]);
    await createRows(store, newTenantId(), [2]);
    await listed(store, tenantId, 3);
    const newestFirst = records.toSorted((a, b) => b.created_at.localeCompare(a.created_at));
    expect(await store.listByTenant(tenantId, { limit: 50 })).toEqual({
      sessions: newestFirst,
      corrupt: [],
      nextCursor: null,
    });
  });

  it('returns an empty last page for a tenant without sessions', async () => {
    expect(await open().store.listByTenant(newTenantId(), { limit: 5 })).toEqual({
      sessions: [],
      corrupt: [],
      nextCursor: null,
    });
  });

  it('returns no cursor with a page that ends at the last row', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    await createRows(store, tenantId, [1, 2, 3, 4]);
    await listed(store, tenantId, 4);
    const first = await store.listByTenant(tenantId, { limit: 2 });
    const second = await store.listByTenant(tenantId, { limit: 2, cursor: first.nextCursor ?? '' });
    expect(second.sessions).toHaveLength(2);
    expect(second.nextCursor).toBeNull();
  });

  it('returns the other rows if one cannot be read, and names that row', async () => {
    const { store, spoil } = open();
    const tenantId = newTenantId();
    const [oldest, spoilt, newest] = await createRows(store, tenantId, [1, 2, 3]);
    if (!oldest || !spoilt || !newest) throw new Error('there are three');
    await listed(store, tenantId, 3);
    await spoil(spoilt.session_id);
    await listed(store, tenantId, 2);
    const page = await store.listByTenant(tenantId, { limit: 50 });
    expect(page).toMatchObject({
      sessions: [newest, oldest],
      corrupt: [{ itemKey: spoilt.session_id }],
    });
    expect(await pages(store, tenantId, { limit: 1 })).toEqual([
      [newest.session_id],
      [oldest.session_id],
    ]);
  });

  it('lists rows of one millisecond without a gap or a repetition', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const records = await createRows(store, tenantId, [5, 5, 5, 5, 5, 5, 5]);
    await listed(store, tenantId, 7);
    expect((await pages(store, tenantId, { limit: 2 })).flat().toSorted()).toEqual(
      idsOf(records).toSorted(),
    );
  });

  it('keeps its place while rows are added and removed between two pages', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const records = await createRows(store, tenantId, [50, 40, 30, 20, 10]);
    await listed(store, tenantId, 5);
    const first = await store.listByTenant(tenantId, { limit: 2 });
    await createRows(store, tenantId, [60, 45]);
    await listed(store, tenantId, 7);
    const rest = await store.listByTenant(tenantId, { limit: 50, cursor: first.nextCursor ?? '' });
    expect([...idsOf(first.sessions), ...idsOf(rest.sessions)]).toEqual(idsOf(records));
  });

  it('fills its pages from rows that match a state and metadata', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const metadata = (second: number): SessionRecord['metadata'] => ({
      'team.name': second % 5 === 0 ? 'a' : 'b',
      all: 'x',
    });
    const seconds = Array.from({ length: 30 }, (_, second) => second);
    const records = await createRows(store, tenantId, seconds, metadata);
    await listed(store, tenantId, 30);
    await Promise.all(
      records
        .filter((_, second) => second % 10 === 0)
        .map((record) => store.update(readyRecord(record), 1)),
    );
    await expect
      .poll(() => store.listByTenant(tenantId, { limit: 50, state: 'ready' }), wait)
      .toMatchObject({ sessions: { length: 3 } });
    const query = { limit: 2, metadata: { 'team.name': 'a', all: 'x' } };
    expect((await pages(store, tenantId, query)).map((page) => page.length)).toEqual([2, 2, 2]);
    expect((await pages(store, tenantId, { ...query, state: 'provisioning' })).flat()).toHaveLength(
      3,
    );
    expect(
      (await pages(store, tenantId, { ...query, metadata: { 'team.name': 'c' } })).flat(),
    ).toEqual([]);
  });

  it('refuses the cursor of another tenant and any text that is not a cursor', async () => {
    const { store } = open();
    const [tenantId, foreign] = [newTenantId(), newTenantId()];
    await createRows(store, foreign, [1, 2]);
    await listed(store, foreign, 2);
    const cursor = (await store.listByTenant(foreign, { limit: 1 })).nextCursor ?? '';
    const refusal = expect.objectContaining({ code: 'cursor_refused' });
    await expect(store.listByTenant(tenantId, { limit: 1, cursor })).rejects.toEqual(refusal);
    for (const bad of [
      '',
      'nonsense',
      `${cursor}=`,
      `${cursor}*`,
      cursor.slice(0, -1),
      Buffer.from('[]').toString('base64url'),
    ]) {
      await expect(store.listByTenant(foreign, { limit: 1, cursor: bad })).rejects.toEqual(refusal);
    }
  });
};

const wait = { timeout: 5_000 };

const idsOf = (records: SessionRecord[]): SessionId[] => records.map((record) => record.session_id);

/** Creates one row for each number, with `created_at` that many seconds after the first of them. */
const createRows = async (
  store: SessionStore,
  tenantId: TenantId,
  seconds: number[],
  metadata: (second: number) => SessionRecord['metadata'] = () => ({}),
): Promise<SessionRecord[]> => {
  const records = seconds.map((second) =>
    provisioningRecord({
      tenant_id: tenantId,
      created_at: new Date(Date.UTC(2026, 10, 23) + second * 1_000).toISOString(),
      metadata: metadata(second),
    }),
  );
  await Promise.all(records.map((record) => store.create(record)));
  return records;
};

/** Waits for the index, which is eventually consistent. */
const listed = async (store: SessionStore, tenantId: TenantId, count: number): Promise<void> => {
  await expect
    .poll(async () => (await store.listByTenant(tenantId, { limit: 100 })).sessions.length, wait)
    .toBe(count);
};

const pages = async (
  store: SessionStore,
  tenantId: TenantId,
  query: ListQuery,
): Promise<SessionId[][]> => {
  const found: SessionId[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listByTenant(tenantId, { ...query, cursor });
    found.push(idsOf(page.sessions));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
};
