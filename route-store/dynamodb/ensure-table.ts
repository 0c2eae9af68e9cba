import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { CallOptions } from '../ports.ts';
import { sessionsTable } from './key-schema.ts';

/**
 * Makes the table unless it is there, and waits at most 10 s until it is active: for local mode and tests. Production's table is
 * the CDK stack's, which also turns its TTL on (dynalite knows none).
 */
export const ensureTable = async (client: DynamoDBClient, tableName: string, { signal }: CallOptions = {}): Promise<void> => {
  const abort = signal === undefined ? {} : { abortSignal: signal };
  try {
    await client.send(new CreateTableCommand(tableInput(tableName)), abort);
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, ...abort, maxWaitTime: 10, minDelay: 0.02, maxDelay: 1 }, { TableName: tableName });
};

const tableInput = (tableName: string): CreateTableCommandInput => {
  const { partitionKey, tenantIndex, attributeTypes } = sessionsTable;
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: Object.entries(attributeTypes).map(([name, type]) => ({ AttributeName: name, AttributeType: type })),
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
    ],
  };
};
