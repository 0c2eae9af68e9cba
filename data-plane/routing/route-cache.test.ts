import { tenantIdSchema } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  SessionStoreThrottledError,
  SessionStoreUnavailableError,
} from '@steppe/session-store/errors';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeRoutes, ended, type FakeRoutes, ready } from '../testing/fake-routes.ts';
import { createRouteCache } from './route-cache.ts';

const tenant = tenantIdSchema.parse('t');
const address = 'http://10.0.0.1:8080';
let routes: FakeRoutes;
let nowMs: number;
let outages: boolean[];
beforeEach(() => {
  routes = createFakeRoutes();
  nowMs = 1_000_000;
  outages = [];
});

const cacheOf = (options: { max?: number; random?: number } = {}) =>
  createRouteCache(
    { max: options.max ?? 100, ttlMs: 5_000, staleMs: 60_000 },
    {
      routes,
      clock: { now: () => nowMs },
      ids: { random: () => options.random ?? 0.5 },
      onOutage: (isOut) => outages.push(isOut),
    },
  );

const add = (origin = address) => {
  const record = ready(tenant, origin);
  routes.rows.set(record.session_id, record);
  return record;
};

it('shares one read among all concurrent requests', async () => {
  const { session_id } = add();
  const cache = cacheOf();
  const found = await Promise.all(Array.from({ length: 50 }, () => cache.find(session_id)));
  expect(routes.reads).toEqual([{ sessionId: session_id, consistent: false }]);
  expect(new Set(found.map(({ source }) => source))).toEqual(new Set(['miss']));
});

it('keeps its routes, however many ids are invented', async () => {
  const { session_id } = add();
  const cache = cacheOf({ max: 2 });
  await cache.find(session_id);
  for (let i = 0; i < 5; i++) await cache.readAgain(newSessionId());
  expect(await cache.find(session_id)).toMatchObject({ source: 'hit' });
});

it('keeps a bounded number of absences', async () => {
  const first = newSessionId();
  const cache = cacheOf();
  await cache.readAgain(first);
  expect(await cache.find(first)).toMatchObject({ source: 'hit', session: null });
  for (let i = 0; i < 10_000; i++) await cache.readAgain(newSessionId());
  expect(await cache.find(first)).toMatchObject({ source: 'miss' });
});

it('forgets an absence when the session appears, and a session when it disappears', async () => {
  const { session_id } = ready(tenant, address);
  const cache = cacheOf();
  await cache.readAgain(session_id);
  const record = { ...ready(tenant, address), session_id };
  routes.rows.set(session_id, record);
  expect(await cache.readAgain(session_id)).toMatchObject({ session: { origin: address } });
  expect(await cache.find(session_id)).toMatchObject({
    source: 'hit',
    session: { origin: address },
  });
  routes.rows.delete(session_id);
  await cache.readAgain(session_id);
  expect(await cache.find(session_id)).toMatchObject({ source: 'hit', session: null });
});

it('learns a route without a read, and never an older one than it has', async () => {
  const record = add();
  const cache = cacheOf();
  cache.learn(record);
  const found = { source: 'hit', isCertain: false, session: { origin: address } };
  expect(cache.known(record.session_id)).toMatchObject(found);
  routes.rows.set(record.session_id, ended(record));
  await cache.readAgain(record.session_id);
  cache.learn(record);
  expect(cache.known(record.session_id)).toMatchObject({ session: { state: 'terminal' } });
  expect(routes.reads).toHaveLength(1);
});

it('learns a session that was absent a moment ago', async () => {
  const record = ready(tenant, address);
  const cache = cacheOf();
  await cache.readAgain(record.session_id);
  cache.learn(record);
  expect(cache.known(record.session_id)).toMatchObject({ session: { origin: address } });
});

it('varies how long a route is fresh by a half', async () => {
  for (const [random, freshMs] of [
    [0, 2_500],
    [1, 7_500],
  ] as const) {
    const { session_id } = add();
    const cache = cacheOf({ random });
    await cache.find(session_id);
    nowMs += freshMs - 1;
    expect(await cache.find(session_id)).toMatchObject({ source: 'hit' });
    nowMs += 1;
    expect(await cache.find(session_id)).toMatchObject({ source: 'stale' });
  }
});

it('uses a stale route once more while it refreshes it', async () => {
  const record = add();
  const cache = cacheOf();
  await cache.find(record.session_id);
  routes.rows.set(record.session_id, { ...record, version: 2, address: 'http://10.0.0.2:8080' });
  nowMs += 10_000;
  expect(await cache.find(record.session_id)).toMatchObject({
    source: 'stale',
    session: { origin: address },
  });
  await expect
    .poll(() => cache.find(record.session_id))
    .toMatchObject({ source: 'hit', session: { origin: 'http://10.0.0.2:8080' } });
  expect(routes.reads).toHaveLength(2);
});

it('keeps refreshing stale routes, however many it has read', async () => {
  const { session_id } = add();
  const cache = cacheOf();
  await cache.find(session_id);
  for (let times = 1; times <= 10; times++) {
    nowMs += 10_000;
    expect(await cache.find(session_id)).toMatchObject({ source: 'stale' });
    await expect.poll(() => cache.find(session_id)).toMatchObject({ source: 'hit' });
    expect(routes.reads).toHaveLength(1 + times);
  }
});

it('waits for the read if the route is very old', async () => {
  const { session_id } = add();
  const cache = cacheOf();
  await cache.find(session_id);
  nowMs += 61_000;
  expect(await cache.find(session_id)).toMatchObject({ source: 'miss' });
});

it('refreshes at most four routes at a time in the background', async () => {
  const cache = cacheOf();
  const records = Array.from({ length: 10 }, () => add());
  for (const { session_id } of records) await cache.find(session_id);
  nowMs += 10_000;
  routes.gate = new Promise(() => {});
  for (const { session_id } of records)
    expect(await cache.find(session_id)).toMatchObject({ source: 'stale' });
  expect(routes.reads).toHaveLength(14);
});

it('forgets routes that do not fit', async () => {
  const cache = cacheOf({ max: 1 });
  const [first, second] = [add(), add()];
  await cache.find(first.session_id);
  await cache.find(second.session_id);
  expect(await cache.find(first.session_id)).toMatchObject({ source: 'miss' });
});

describe.each([SessionStoreUnavailableError, SessionStoreThrottledError])(
  'while the store throws %o',
  (Failure) => {
    it('uses a known route at any age, and reports the outage once', async () => {
      const { session_id } = add();
      const cache = cacheOf();
      await cache.find(session_id);
      routes.failure = new Failure('out');
      for (let hours = 1; hours <= 3; hours++) {
        nowMs += 3_600_000;
        expect(await cache.find(session_id)).toMatchObject({
          source: 'stale',
          session: { origin: address },
        });
      }
      routes.failure = undefined;
      await expect.poll(() => cache.find(session_id)).toMatchObject({ source: 'hit' });
      expect(outages).toEqual([true, false]);
    });

    it('throws for a session that it does not know', async () => {
      routes.failure = new Failure('out');
      await expect(cacheOf().find(add().session_id)).rejects.toBe(routes.failure);
    });
  },
);

it('accepts no row that is older than the one it knows', async () => {
  const record = add();
  const cache = cacheOf();
  routes.consistent.set(record.session_id, ended(record));
  await cache.readAgain(record.session_id);
  nowMs += 1_001;
  expect(await cache.find(record.session_id)).toMatchObject({ session: { state: 'terminal' } });
  expect(routes.reads.at(-1)).toMatchObject({ consistent: false });
});

it('treats a consistent response as certain for a second', async () => {
  const { session_id } = add();
  const cache = cacheOf();
  expect(await cache.find(session_id)).toMatchObject({ isCertain: false });
  await cache.readAgain(session_id);
  nowMs += 999;
  expect(await cache.find(session_id)).toMatchObject({ source: 'hit', isCertain: true });
  nowMs += 1;
  expect(await cache.find(session_id)).toMatchObject({ source: 'hit', isCertain: false });
});

it('does not keep a row that was read before an eviction', async () => {
  const { session_id } = add();
  const cache = cacheOf();
  let release = () => {};
  routes.gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const early = cache.find(session_id);
  cache.evict(session_id);
  release();
  await early;
  expect(await cache.find(session_id)).toMatchObject({ source: 'miss' });
});
