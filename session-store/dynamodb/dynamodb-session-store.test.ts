import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '../conformance/session-records.ts';
import { describeSessionStore } from '../conformance/session-store-conformance.ts';
import { localAccess, type RunningDynamoDb, startDynalite } from '../dynalite/start-dynalite.ts';
import { isAmbiguous } from '../errors.ts';
import { dynamoDbHarness } from '../testing/dynamodb-harness.ts';
import { startForgetfulDynamoDb, startLateDynamoDb } from '../testing/failing-dynamodb.ts';
import { startStaleDynamoDb } from '../testing/stale-dynamodb.ts';
import { createDynamoDbClient } from './create-client.ts';
import { createDynamoDbRouteReader, createDynamoDbSessionStore } from './dynamodb-session-store.ts';
import { ensureTable } from './ensure-table.ts';
import { idempotencyKey, liveSetKey, liveSetPrefix } from './item-keys.ts';
import { sessionsTable } from './key-schema.ts';

describeSessionStore(
  'DynamoDB session store on dynalite',
  dynamoDbHarness(startDynalite, localAccess),
);

describeSessionStore(
  'DynamoDB session store on an endpoint whose reads are stale',
  dynamoDbHarness(() => startStaleDynamoDb({ lagMs: 200 }), localAccess),
);

describe('DynamoDB session store', () => {
  let dynalite: RunningDynamoDb;
  let client: DynamoDBClient;
  beforeAll(async () => {
    dynalite = await startDynalite();
    client = createDynamoDbClient({ ...localAccess, endpoint: dynalite.endpoint });
  });
  afterAll(async () => {
    client.destroy();
    await dynalite.close();
  });

  it('ends a page early, with a cursor, after reading enough rows without filling it', async () => {
    const store = createDynamoDbSessionStore({
      client,
      listEffort: { rowsPerQuery: 2, queries: 2 },
      ...realParts,
    });
    const tenantId = newTenantId();
    const at = (second: number) => new Date(Date.UTC(2026, 10, 23) + second * 1_000).toISOString();
    const records = Array.from({ length: 10 }, (_, second) =>
      provisioningRecord({
        tenant_id: tenantId,
        created_at: at(second),
        metadata: second === 1 ? { wanted: 'yes' } : {},
      }),
    );
    for (const record of records) await store.create(record);
    const counts: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listByTenant(tenantId, {
        limit: 5,
        metadata: { wanted: 'yes' },
        cursor,
      });
      counts.push(page.sessions.length);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(counts).toEqual([0, 0, 1]);
  });

  it('recognises its own write if the response to it was lost', async () => {
    const record = provisioningRecord();
    const item = { session_id: record.session_id, body_hash: '', expires: 4_000_000_000 };
    const withLostResponse = async <T>(
      use: (store: ReturnType<typeof createDynamoDbSessionStore>) => Promise<T>,
    ): Promise<T> => {
      const forgetful = await startForgetfulDynamoDb(dynalite.endpoint);
      const forgetfulClient = createDynamoDbClient({
        ...localAccess,
        endpoint: forgetful.endpoint,
      });
      try {
        return await use(createDynamoDbSessionStore({ client: forgetfulClient, ...realParts }));
      } finally {
        forgetfulClient.destroy();
        await forgetful.close();
      }
    };
    expect(await withLostResponse((store) => store.create(record))).toBe('created');
    expect(await withLostResponse((store) => store.create(record))).toBe('exists');
    expect(await withLostResponse((store) => store.update(readyRecord(record), 1))).toMatchObject({
      outcome: 'updated',
    });
    expect(await withLostResponse((store) => store.update(readyRecord(record), 1))).toMatchObject({
      outcome: 'lost',
    });
    expect(
      await withLostResponse((store) => store.putIdempotency(record.tenant_id, 'key', item)),
    ).toEqual({ outcome: 'stored' });
  });

  it('rejects the later of a delayed create and the write that rolls it back', async () => {
    const late = await startLateDynamoDb(dynalite.endpoint);
    const lateClient = createDynamoDbClient({
      ...localAccess,
      endpoint: late.endpoint,
      attemptTimeoutMs: 60_000,
    });
    try {
      const record = provisioningRecord();
      const slow = createDynamoDbSessionStore({
        client: lateClient,
        timeLimitMs: 100,
        ...realParts,
      });
      const error = await slow.create(record).catch((thrown: unknown) => thrown);
      expect(isAmbiguous(error)).toBe(true);
      const store = createDynamoDbSessionStore({ client, ...realParts });
      const over = endedRecord(record);
      expect([await store.create(over), await late.land()]).toEqual(['created', 400]);
      expect(await store.get(record.session_id, { consistent: true })).toEqual(over);
    } finally {
      lateClient.destroy();
      await late.close();
    }
  });

  it('lets DynamoDB remove an idempotency key once it has expired', async () => {
    const store = createDynamoDbSessionStore({ client, ...realParts });
    const tenantId = newTenantId();
    await store.putIdempotency(tenantId, 'key', {
      session_id: newSessionId(),
      body_hash: '',
      expires: 4_000_000_000,
    });
    const { Item: item } = await client.send(
      new GetItemCommand({
        TableName: dynalite.tableName,
        Key: { session_id: { S: idempotencyKey(tenantId, 'key') } },
      }),
    );
    expect(item?.[sessionsTable.ttlAttribute]).toEqual({ N: '4000000000' });
  });

  it('ignores attributes of live sets and idempotency keys from a newer version', async () => {
    const store = createDynamoDbSessionStore({ client, ...realParts });
    const [tenantId, sessionId] = [newTenantId(), newSessionId()];
    const item = { session_id: sessionId, body_hash: '', expires: 4_000_000_000 };
    await store.addLive(tenantId, sessionId, 5);
    await store.putIdempotency(tenantId, 'key', item);
    for (const id of [liveSetKey(tenantId), idempotencyKey(tenantId, 'key')]) {
      await client.send(
        new UpdateItemCommand({
          TableName: dynalite.tableName,
          Key: { session_id: { S: id } },
          UpdateExpression: 'SET newer = :newer',
          ExpressionAttributeValues: { ':newer': { BOOL: true } },
        }),
      );
    }
    expect(await store.listLive(tenantId)).toEqual([sessionId]);
    expect(await store.getIdempotency(tenantId, 'key')).toEqual(item);
    expect(await store.putIdempotency(tenantId, 'key', item)).toEqual({ outcome: 'exists', item });
    const corrupt: unknown[] = [];
    for await (const swept of store.sweep())
      if (swept.kind === 'corrupt') corrupt.push(swept.error.itemKey);
    expect(corrupt).not.toContain(liveSetKey(tenantId));
  });

  it('continues a sweep past a live set with an invalid tenant, and names it', async () => {
    const store = createDynamoDbSessionStore({ client, ...realParts });
    const itemKey = `${liveSetPrefix}${'x'.repeat(300)}`;
    const item = {
      session_id: { S: itemKey },
      ids: { SS: [newSessionId()] },
      live_shard: { N: '0' },
    };
    await client.send(new PutItemCommand({ TableName: dynalite.tableName, Item: item }));
    const unread: string[] = [];
    for await (const swept of store.sweep())
      if (swept.kind === 'corrupt') unread.push(swept.error.itemKey);
    expect(unread).toEqual([itemKey]);
  });

  it('gives the data-plane a reader without any other method', async () => {
    const record = provisioningRecord();
    await createDynamoDbSessionStore({ client, ...realParts }).create(record);
    const reader = createDynamoDbRouteReader({ client, clock: systemClock });
    expect(Object.keys(reader)).toEqual(['get']);
    expect(await reader.get(record.session_id, { consistent: false })).toEqual(record);
  });

  it('creates its table once, however many callers start at the same time', async () => {
    const tableName = `table-${newSessionId()}`;
    await Promise.all([1, 2, 3].map(() => ensureTable(client, tableName)));
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    expect(table).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexName: 'by_tenant' }, { IndexName: 'live' }],
    });
  });

  it('explains how to add a missing index, before any write and during a sweep', async () => {
    const tableName = `table-${newSessionId()}`;
    const key = { AttributeName: 'session_id', AttributeType: 'S' } as const;
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [key],
        KeySchema: [{ AttributeName: key.AttributeName, KeyType: 'HASH' }],
      }),
    );
    await expect(ensureTable(client, tableName)).rejects.toThrow(
      /lacks the index by_tenant and live.*docs\/operating\.md/,
    );
    const store = createDynamoDbSessionStore({ client, tableName, ...realParts });
    await expect(store.sweep()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'route_store_unavailable',
      message: expect.stringMatching(/cannot query the index live .*docs\/operating\.md/),
    });
  });

  it('adds what an older version wrote to the index with its next write', async () => {
    const store = createDynamoDbSessionStore({ client, ...realParts });
    const [tenantId, id, other] = [newTenantId(), newSessionId(), newSessionId()];
    const row = readyRecord(provisioningRecord({ tenant_id: tenantId }));
    await store.create(row);
    for (const one of [id, other]) await store.addLive(tenantId, one, 5);
    const isIn = async () => {
      const kinds: string[] = [];
      for await (const item of store.sweep()) {
        const owner =
          item.kind === 'session'
            ? item.entry.tenant_id
            : item.kind === 'live_set' && item.tenantId;
        if (owner === tenantId) kinds.push(item.kind);
      }
      return kinds.toSorted();
    };
    const takeOut = (session_id: string) =>
      client.send(
        new UpdateItemCommand({
          TableName: dynalite.tableName,
          Key: { session_id: { S: session_id } },
          UpdateExpression: 'REMOVE live_shard',
        }),
      );
    for (const key of [row.session_id, liveSetKey(tenantId)]) await takeOut(key);
    expect(await isIn()).toEqual([]);
    await store.update(row, 1);
    await store.removeLive(tenantId, other);
    expect(await isIn()).toEqual(['live_set', 'session']);
    await takeOut(liveSetKey(tenantId));
    await store.addLive(tenantId, id, 1);
    expect(await isIn()).toEqual(['live_set', 'session']);
  });
});
