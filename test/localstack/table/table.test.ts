import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStorage } from '../harness/storage.ts';

const client = new DynamoDBClient();
const { tableName: TableName } = readStorage();
let table: TableDescription;
beforeAll(async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  if (!Table) throw new Error(`no description of ${TableName}`);
  table = Table;
});
afterAll(() => client.destroy());

const { partitionKey, tenantIndex, liveIndex, attributeTypes } = sessionsTable;
const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' });
const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' });

test('the table has the key of the key schema, is billed by request and is to be encrypted', () => {
  expect(table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: [hash(partitionKey)],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    SSEDescription: { Status: 'ENABLED', SSEType: 'KMS' },
  });
  const types = table.AttributeDefinitions?.map(({ AttributeName, AttributeType }) => [
    AttributeName,
    AttributeType,
  ]);
  expect(Object.fromEntries(types ?? [])).toEqual(attributeTypes);
});

test('the table has exactly the indexes of the key schema, with what they project', () => {
  const indexes = table.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    ProjectionType: Projection?.ProjectionType,
    projected: Projection?.NonKeyAttributes?.toSorted(),
  }));
  expect(indexes?.toSorted((a, b) => ((a.IndexName ?? '') < (b.IndexName ?? '') ? -1 : 1))).toEqual(
    [
      {
        IndexName: tenantIndex.name,
        KeySchema: [hash(tenantIndex.partitionKey), range(tenantIndex.sortKey)],
        ProjectionType: 'ALL',
        projected: undefined,
      },
      {
        IndexName: liveIndex.name,
        KeySchema: [hash(liveIndex.partitionKey)],
        ProjectionType: 'INCLUDE',
        projected: liveIndex.projected.toSorted(),
      },
    ],
  );
  expect(table.LocalSecondaryIndexes).toBeUndefined();
});

test('DynamoDB deletes rows by the attribute of the key schema', async () => {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
  expect(TimeToLiveDescription).toEqual({
    AttributeName: sessionsTable.ttlAttribute,
    TimeToLiveStatus: 'ENABLED',
  });
});
