import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import type { SessionStoreHarness } from '../conformance/harness.ts';
import { type ClientOptions, createDynamoDbClient } from '../dynamodb/create-client.ts';
import { createDynamoDbSessionStore } from '../dynamodb/dynamodb-session-store.ts';
import { sessionsTable } from '../dynamodb/key-schema.ts';

/** Without an endpoint, the SDK finds it as in an application. */
interface StartedDynamoDb {
  endpoint?: string;
  tableName: string;
  close(): Promise<void>;
}

/**
 * Runs the conformance suite against the DynamoDB adapter, on the endpoint that `start` returns.
 */
export const dynamoDbHarness = (
  start: () => Promise<StartedDynamoDb>,
  access: Omit<ClientOptions, 'endpoint'>,
): SessionStoreHarness => ({
  open: async () => {
    const { endpoint, tableName, close } = await start();
    // A hundred concurrent calls on a busy machine are not an outage.
    const client = createDynamoDbClient({
      ...access,
      endpoint,
      attemptTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
    });
    const key = (id: string) => ({ [sessionsTable.partitionKey]: { S: id } });
    return {
      store: createDynamoDbSessionStore({
        client,
        tableName,
        timeLimitMs: 20_000,
        sweptRowsPerQuery: 3,
        ...realParts,
      }),
      spoil: async (sessionId) => {
        await client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: key(sessionId),
            UpdateExpression: 'SET #field = :garbage',
            ExpressionAttributeNames: { '#field': 'expires_at' },
            ExpressionAttributeValues: { ':garbage': { BOOL: true } },
          }),
        );
      },
      purgeAt: async (sessionId) => {
        const { Item: item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: key(sessionId), ConsistentRead: true }),
        );
        const purgeAt = item?.[sessionsTable.ttlAttribute]?.N;
        return purgeAt === undefined ? undefined : Number(purgeAt);
      },
      addUnknown: async (sessionId) => {
        await client.send(
          new UpdateItemCommand({
            TableName: tableName,
            Key: key(sessionId),
            UpdateExpression: 'SET #zones = :zones, #resources.#gpu = :gpu',
            ExpressionAttributeNames: {
              '#zones': 'zones',
              '#resources': 'resources',
              '#gpu': 'gpu',
            },
            ExpressionAttributeValues: {
              ':zones': { L: [{ NULL: true }, { S: 'a' }] },
              ':gpu': { S: '1' },
            },
          }),
        );
      },
      unknownOf: async (sessionId) => {
        const { Item: item } = await client.send(
          new GetItemCommand({ TableName: tableName, Key: key(sessionId), ConsistentRead: true }),
        );
        return [item?.zones?.L?.[1]?.S, item?.resources?.M?.gpu?.S];
      },
      close: async () => {
        client.destroy();
        await close();
      },
    };
  },
});
