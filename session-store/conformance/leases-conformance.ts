import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { OpenStore } from './harness.ts';

const ttlMs = 1_000;

export const leasesConformance = (open: () => OpenStore): void => {
  it('grants a lease to one of 20 concurrent callers', async () => {
    const { store } = open();
    const name = randomUUID();
    const holders = Array.from({ length: 20 }, () => randomUUID());
    const outcomes = await Promise.all(
      holders.map((holder) => store.acquireLease(name, holder, ttlMs, 0)),
    );
    expect(outcomes.filter((outcome) => outcome === 'acquired')).toHaveLength(1);
  });

  it('keeps it for its holder, who may acquire it again, until it expires', async () => {
    const { store } = open();
    const name = randomUUID();
    expect(await store.acquireLease(name, 'a', ttlMs, 0)).toBe('acquired');
    expect(await store.acquireLease(name, 'b', ttlMs, 999)).toBe('held');
    expect(await store.acquireLease(name, 'a', ttlMs, 500)).toBe('acquired');
    expect(await store.acquireLease(name, 'b', ttlMs, 1_000)).toBe('held');
    expect(await store.acquireLease(name, 'b', ttlMs, 1_500)).toBe('acquired');
  });

  it('is extended by a renewal', async () => {
    const { store } = open();
    const name = randomUUID();
    await store.acquireLease(name, 'a', ttlMs, 0);
    expect(await store.renewLease(name, 'a', ttlMs, 800)).toBe('renewed');
    expect(await store.acquireLease(name, 'b', ttlMs, 1_799)).toBe('held');
    expect(await store.acquireLease(name, 'b', ttlMs, 1_800)).toBe('acquired');
  });

  it('reports to its former holder that it is lost', async () => {
    const { store } = open();
    const name = randomUUID();
    expect(await store.renewLease(name, 'a', ttlMs, 0)).toBe('lost');
    await store.acquireLease(name, 'a', ttlMs, 0);
    await store.acquireLease(name, 'b', ttlMs, 1_000);
    expect(await store.renewLease(name, 'a', ttlMs, 1_001)).toBe('lost');
    expect(await store.renewLease(name, 'b', ttlMs, 1_001)).toBe('renewed');
  });

  it('is free at once when its holder releases it, and nobody else can release it', async () => {
    const { store } = open();
    const name = randomUUID();
    await store.acquireLease(name, 'a', ttlMs, 0);
    await store.releaseLease(name, 'b');
    expect(await store.acquireLease(name, 'b', ttlMs, 1)).toBe('held');
    await store.releaseLease(name, 'a');
    await store.releaseLease(name, 'a');
    expect(await store.renewLease(name, 'a', ttlMs, 1)).toBe('lost');
    expect(await store.acquireLease(name, 'b', ttlMs, 1)).toBe('acquired');
  });
};
