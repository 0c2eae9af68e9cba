import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expect, it } from 'vitest';
import type { OpenStore } from './harness.ts';
import { newTenantId } from './session-records.ts';

export const liveSessionsConformance = (open: () => OpenStore): void => {
  it('adds exactly 20 of 100 concurrent ids under a quota of 20', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const ids = Array.from({ length: 100 }, newSessionId);
    const outcomes = await Promise.all(ids.map((id) => store.addLive(tenantId, id, 20)));
    const added = ids.filter((_, index) => outcomes[index] === 'added');
    expect(added).toHaveLength(20);
    expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(80);
    expect((await store.listLive(tenantId)).toSorted()).toEqual(added.toSorted());
  });

  it('accepts an id that is already in the set, even if the set is full', async () => {
    const { store } = open();
    const [tenantId, id] = [newTenantId(), newSessionId()];
    expect(await store.addLive(tenantId, id, 1)).toBe('added');
    expect(await store.addLive(tenantId, id, 1)).toBe('added');
    expect(await store.addLive(tenantId, id, 0)).toBe('added');
    expect(await store.addLive(tenantId, newSessionId(), 1)).toBe('full');
    expect(await store.listLive(tenantId)).toEqual([id]);
  });

  it('adds nothing under a quota of 0', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    expect(await store.addLive(tenantId, newSessionId(), 0)).toBe('full');
    expect(await store.listLive(tenantId)).toEqual([]);
  });

  it('frees quota by a removal, and tolerates repeated and unnecessary removals', async () => {
    const { store } = open();
    const [tenantId, first, second] = [newTenantId(), newSessionId(), newSessionId()];
    await store.removeLive(tenantId, first);
    await store.addLive(tenantId, first, 1);
    await store.removeLive(tenantId, first);
    await store.removeLive(tenantId, first);
    expect(await store.listLive(tenantId)).toEqual([]);
    expect(await store.addLive(tenantId, second, 1)).toBe('added');
    await store.removeLive(tenantId, first);
    expect(await store.listLive(tenantId)).toEqual([second]);
  });

  it('loses none of many concurrent changes, even if the set becomes empty between', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const rounds = Array.from({ length: 12 }, () => ({
      leaving: newSessionId(),
      staying: newSessionId(),
    }));
    const come = async ({ leaving, staying }: (typeof rounds)[number], index: number) => {
      await store.addLive(tenantId, leaving, 50);
      await store.removeLive(tenantId, leaving);
      if (index % 4 === 0) await store.addLive(tenantId, staying, 50);
      await store.removeLive(tenantId, leaving);
    };
    await Promise.all(rounds.map(come));
    const staying = rounds.flatMap((round, index) => (index % 4 === 0 ? [round.staying] : []));
    expect((await store.listLive(tenantId)).toSorted()).toEqual(staying.toSorted());
    await Promise.all(staying.map((id) => store.removeLive(tenantId, id)));
    expect(await store.listLive(tenantId)).toEqual([]);
  });

  it('counts each tenant separately', async () => {
    const { store } = open();
    expect(await store.addLive(newTenantId(), newSessionId(), 1)).toBe('added');
    expect(await store.addLive(newTenantId(), newSessionId(), 1)).toBe('added');
  });
};
