import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { CallOptions } from '../ports.ts';
import { sessionsTable } from './key-schema.ts';

/**
 * Creates the table if it is missing, and waits at most 10 s until it is active: for local mode and
 * tests. In production the CDK stack owns the table and also enables its TTL (dynalite does not
 * support TTL).
 * @returns whether it created the table
 * @throws Error if the table exists without one of the indexes: adding one takes time and is the
 * operator's task.
 */
export const ensureTable = async (
  client: DynamoDBClient,
  tableName: string,
  { signal }: CallOptions = {},
): Promise<{ isNew: boolean }> => {
  const abort = signal === undefined ? {} : { abortSignal: signal };
  let isNew = true;
  try {
    await client.send(new CreateTableCommand(tableInput(tableName)), abort);
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
    isNew = false;
  }
  await waitUntilTableExists(
    { client, ...abort, maxWaitTime: 10, minDelay: 0.02, maxDelay: 1 },
    { TableName: tableName },
  );
  const { Table: table } = await client.send(
    new DescribeTableCommand({ TableName: tableName }),
    abort,
  );
  const present = new Set(table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName));
  const missing = [sessionsTable.tenantIndex, sessionsTable.liveIndex].filter(
    ({ name }) => !present.has(name),
  );
  if (missing.length === 0) return { isNew };
  const names = missing.map(({ name }) => name).join(' and ');
  throw new Error(
    `the table ${tableName} lacks the index ${names}; add it as docs/operating.md says, or delete the table`,
  );
};

/** The table as this version needs it. */
export const tableInput = (tableName: string): CreateTableCommandInput => {
  const { partitionKey, tenantIndex, liveIndex, attributeTypes } = sessionsTable;
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: Object.entries(attributeTypes).map(([name, type]) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: tenantIndex.name,
        KeySchema: [
          { AttributeName: tenantIndex.partitionKey, KeyType: 'HASH' },
          { AttributeName: tenantIndex.sortKey, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
      {
        IndexName: liveIndex.name,
        KeySchema: [{ AttributeName: liveIndex.partitionKey, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...liveIndex.projected] },
      },
    ],
  };
};
