import { tenantIdSchema } from '@steppe/contracts/ids';
import { localAccess } from '@steppe/route-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbRouteReader, createDynamoDbSessionStore } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import { startStaleDynamoDb } from '@steppe/route-store/testing/stale-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRouteResolver } from './resolve-route.ts';
import { createRouteCache } from './route-cache.ts';
import { ended, ready } from './testing/fake-routes.ts';

let db: Awaited<ReturnType<typeof startStaleDynamoDb>>;
let client: ReturnType<typeof createDynamoDbClient>;
beforeAll(async () => {
  // The clock stands still: what is read without ConsistentRead never catches up.
  db = await startStaleDynamoDb({ now: () => 0 });
  client = createDynamoDbClient({ ...localAccess, endpoint: db.endpoint });
});
afterAll(async () => {
  client.destroy();
  await db.close();
});

it('finds a session that was made this instant, and refuses one that just ended, over reads that are stale', async () => {
  const store = createDynamoDbSessionStore({ client });
  const cache = createRouteCache({ max: 9, ttlMs: 5_000, staleMs: 60_000 }, { routes: createDynamoDbRouteReader({ client }) });
  const resolver = createRouteResolver({ cache });
  const tenantId = tenantIdSchema.parse('t');
  const record = ready(tenantId, 'http://10.0.0.1:8080');
  await store.create(record);
  const request = { sessionId: record.session_id, tenantId, begins: true };
  expect(await resolver.resolve(request)).toMatchObject({ route: { state: 'ready' } });
  await store.update(ended(record), 1);
  await expect(resolver.resolveAgain(request)).rejects.toMatchObject({ code: 'session_ended' });
});
