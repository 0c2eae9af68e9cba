import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expect, it } from 'vitest';
import type { IdempotencyItem } from '../ports.ts';
import type { OpenStore } from './harness.ts';
import { newTenantId } from './session-records.ts';

export const idempotencyKeysConformance = (open: () => OpenStore): void => {
  it('stores one of 20 concurrent items and returns it to the others', async () => {
    const { store } = open();
    const tenantId = newTenantId();
    const items = Array.from({ length: 20 }, newItem);
    const outcomes = await Promise.all(
      items.map((item) => store.putIdempotency(tenantId, 'key', item)),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'stored')).toHaveLength(1);
    const stored = items[outcomes.findIndex(({ outcome }) => outcome === 'stored')];
    expect(await store.getIdempotency(tenantId, 'key')).toEqual(stored);
    expect(outcomes.filter(({ outcome }) => outcome === 'exists')).toEqual(
      Array(19).fill({ outcome: 'exists', item: stored }),
    );
  });

  it('stores an item once, even if the second is identical', async () => {
    const { store } = open();
    const [tenantId, item] = [newTenantId(), newItem()];
    expect(await store.putIdempotency(tenantId, 'key', item)).toEqual({ outcome: 'stored' });
    expect(await store.putIdempotency(tenantId, 'key', item)).toEqual({ outcome: 'exists', item });
  });

  it('distinguishes tenants and keys of any characters', async () => {
    const { store } = open();
    const tenants = [newTenantId(), newTenantId()];
    const keys = [
      '',
      ' ',
      'a',
      'A',
      'a#b',
      'ses_1',
      '#'.repeat(3_000),
      '\u0000',
      'ü',
      '日本',
      '\u{1F600}',
      '","',
    ];
    for (const tenantId of tenants) {
      for (const key of keys)
        expect(await store.putIdempotency(tenantId, key, newItem())).toEqual({ outcome: 'stored' });
    }
  });

  it('treats an expired key as never used', async () => {
    const { store } = open();
    const [tenantId, next] = [newTenantId(), newItem()];
    await store.putIdempotency(tenantId, 'key', { ...newItem(), expires: 1 });
    expect(await store.getIdempotency(tenantId, 'key')).toBeNull();
    expect(await store.putIdempotency(tenantId, 'key', next)).toEqual({ outcome: 'stored' });
    expect(await store.getIdempotency(tenantId, 'key')).toEqual(next);
  });

  it('deletes only an item of the given session', async () => {
    const { store } = open();
    const [tenantId, item] = [newTenantId(), newItem()];
    await store.deleteIdempotency(tenantId, 'key', item.session_id);
    await store.putIdempotency(tenantId, 'key', item);
    await store.deleteIdempotency(tenantId, 'key', newSessionId());
    expect(await store.getIdempotency(tenantId, 'key')).toEqual(item);
    await store.deleteIdempotency(tenantId, 'key', item.session_id);
    await store.deleteIdempotency(tenantId, 'key', item.session_id);
    expect(await store.getIdempotency(tenantId, 'key')).toBeNull();
  });
};

const newItem = (): IdempotencyItem => ({
  session_id: newSessionId(),
  body_hash: 'sha256',
  expires: 4_000_000_000,
});
