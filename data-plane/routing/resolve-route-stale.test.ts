import { tenantIdSchema } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import {
  createDynamoDbRouteReader,
  createDynamoDbSessionStore,
} from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';
import { forward, startDynamoDbProxy } from '@steppe/session-store/testing/dynamodb-proxy';
import { startStaleDynamoDb } from '@steppe/session-store/testing/stale-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ended, provisioning, ready } from '../testing/fake-routes.ts';
import { echo } from '../testing/start-agent.ts';
import { startTestDataPlane } from '../testing/start-test-data-plane.ts';
import { createRouteResolver, type RouteResolver } from './resolve-route.ts';
import { createRouteCache } from './route-cache.ts';

let db: Awaited<ReturnType<typeof startStaleDynamoDb>>;
let client: ReturnType<typeof createDynamoDbClient>;
let store: SessionStore;
let resolver: RouteResolver;
let nowMs: number;
beforeAll(async () => {
  // The clock does not move, so a read without ConsistentRead never catches up.
  db = await startStaleDynamoDb({ now: () => 0 });
  client = createDynamoDbClient({ ...localAccess, endpoint: db.endpoint });
  store = createDynamoDbSessionStore({ client, ...realParts });
});
afterAll(async () => {
  client.destroy();
  await db.close();
});
const clock = { now: () => nowMs };
beforeEach(() => {
  nowMs = Date.now();
  const options = { max: 9, ttlMs: 5_000, staleMs: 60_000 };
  const cache = createRouteCache(options, {
    routes: createDynamoDbRouteReader({ client, clock: systemClock }),
    clock,
    ids: realParts.ids,
  });
  resolver = createRouteResolver({ cache, clock });
});

const tenantId = tenantIdSchema.parse('t');
const address = 'http://10.0.0.1:8080';
const requestFor = ({ session_id }: SessionRecord) => ({
  sessionId: session_id,
  tenantId,
  begins: true,
});
const readyRow = async () => {
  const record = ready(tenantId, address);
  await store.create(record);
  return record;
};

it('finds a session that was just created, and refuses one that just ended', async () => {
  const record = await readyRow();
  expect(await resolver.resolve(requestFor(record))).toMatchObject({ route: { state: 'ready' } });
  await store.update(ended(record), 1);
  await expect(resolver.resolveAgain(requestFor(record))).rejects.toMatchObject({
    code: 'session_ended',
  });
});

it('refuses a session that is being created until the moment it is ready', async () => {
  const record = provisioning(tenantId);
  await store.create(record);
  await expect(resolver.resolve(requestFor(record))).rejects.toMatchObject({
    code: 'session_not_ready',
  });
  await store.update({ ...ready(tenantId, address), session_id: record.session_id }, 1);
  expect(await resolver.resolve(requestFor(record))).toMatchObject({
    route: { state: 'ready', origin: address },
  });
});

it('does not return to an address that it knows to be outdated', async () => {
  const record = await readyRow();
  await resolver.resolve(requestFor(record));
  const moved = 'http://10.0.0.2:8080';
  await store.update({ ...record, address: moved, instance_id: newInstanceId() }, 1);
  expect(await resolver.resolveAgain(requestFor(record))).toMatchObject({
    route: { origin: moved },
  });
  // Each of these calls begins a read that does not see the new address yet.
  for (let i = 0; i < 5; i++) {
    nowMs += 10_000;
    expect(await resolver.resolve(requestFor(record))).toMatchObject({ route: { origin: moved } });
  }
});

it('does not treat a session as expired before its extension is visible everywhere', async () => {
  const record = ready(tenantId, address, { expires_at: new Date(nowMs + 1_000).toISOString() });
  await store.create(record);
  await resolver.resolve(requestFor(record));
  await store.update({ ...record, expires_at: new Date(nowMs + 3_600_000).toISOString() }, 1);
  nowMs += 20_000;
  expect(await resolver.resolve(requestFor(record))).toMatchObject({ route: { state: 'ready' } });
});

it('returns 410 for a session whose agent has exited, even if stale reads show it', async () => {
  const plane = await startTestDataPlane(
    {},
    { routes: createDynamoDbRouteReader({ client, clock: systemClock }) },
  );
  const agent = await plane.startAgent(echo);
  const record = ready(plane.tenantId, agent.url);
  await store.create(record);
  const step = () =>
    plane.call({
      method: 'POST',
      path: `/v1/sessions/${record.session_id}/steps`,
      headers: { 'content-type': 'application/json' },
      body: '{"code":"1"}',
    });
  expect((await step()).status).toBe(200);
  await agent.close();
  await store.update(ended(record), 1);
  expect((await step()).status).toBe(410);
  await plane.closeAll();
});

it('keeps using known routes while the store breaks every connection', async () => {
  const record = await readyRow();
  let isOut = false;
  const proxy = await startDynamoDbProxy(async (request) =>
    isOut ? null : forward(db.endpoint, request),
  );
  const broken = createDynamoDbClient({ ...localAccess, endpoint: proxy.endpoint, maxAttempts: 1 });
  const cache = createRouteCache(
    { max: 9, ttlMs: 0, staleMs: 0 },
    {
      routes: createDynamoDbRouteReader({ client: broken, clock: systemClock }),
      clock,
      ids: realParts.ids,
    },
  );
  const own = createRouteResolver({ cache, clock });
  expect(await own.resolve(requestFor(record))).toMatchObject({ source: 'miss' });
  isOut = true;
  for (let i = 0; i < 3; i++)
    expect(await own.resolve(requestFor(record))).toMatchObject({
      source: 'stale',
      route: { origin: address },
    });
  await expect(own.resolve(requestFor(ready(tenantId, address)))).rejects.toMatchObject({
    code: 'route_store_unavailable',
  });
  isOut = false;
  await expect
    .poll(() => own.resolve(requestFor(record)).then(({ source }) => source))
    .toBe('stale');
  broken.destroy();
  await proxy.close();
});
