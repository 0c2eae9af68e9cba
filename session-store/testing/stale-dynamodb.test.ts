import { realParts } from '@steppe/service-kit/testing/real-parts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endedRecord, provisioningRecord, readyRecord } from '../conformance/session-records.ts';
import { localAccess } from '../dynalite/start-dynalite.ts';
import { createDynamoDbClient } from '../dynamodb/create-client.ts';
import { createDynamoDbSessionStore } from '../dynamodb/dynamodb-session-store.ts';
import { liveEntrySchema } from '../live-entry.ts';
import type { SessionStore } from '../ports.ts';
import { startStaleDynamoDb } from './stale-dynamodb.ts';

let clock = 0;
let store: SessionStore;
let close: () => Promise<void>;

beforeAll(async () => {
  const stale = await startStaleDynamoDb({ now: () => clock });
  const client = createDynamoDbClient({ ...localAccess, endpoint: stale.endpoint });
  store = createDynamoDbSessionStore({ client, tableName: stale.tableName, ...realParts });
  close = async () => {
    client.destroy();
    await stale.close();
  };
});
afterAll(() => close());

it('returns the state of 500 ms ago, and the current one to a consistent read', async () => {
  const record = provisioningRecord();
  const ready = { ...readyRecord(record), version: 2 };
  const read = (consistent: boolean) => store.get(record.session_id, { consistent });
  const list = async () => (await store.listByTenant(record.tenant_id, { limit: 5 })).sessions;

  const live = async () => {
    const entries: unknown[] = [];
    for await (const item of store.sweep()) entries.push(item);
    return entries;
  };
  const entryOf = (row: typeof record | typeof ready) => [
    { kind: 'session', entry: liveEntrySchema.parse(row) },
  ];

  await store.create(record);
  expect([await read(false), await read(true), await list(), await live()]).toEqual([
    null,
    record,
    [],
    [],
  ]);
  clock += 300;
  await store.update(ready, 1);
  clock += 200;
  expect([await read(false), await read(true), await list()]).toEqual([record, ready, [record]]);
  expect(await live()).toEqual(entryOf(record));
  clock += 300;
  expect([await read(false), await list()]).toEqual([ready, [ready]]);
  expect(await live()).toEqual(entryOf(ready));
  await store.update(endedRecord(ready), 2);
  expect(await live()).toEqual(entryOf(ready));
  clock += 500;
  expect(await live()).toEqual([]);
});
