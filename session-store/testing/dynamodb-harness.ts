import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SessionId } from '@steppe/contracts/ids';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import type { OpenStore, SessionStoreHarness } from '../conformance/harness.ts';
import type { DynamoDbSender } from '../dynamodb/call.ts';
import { type ClientOptions, createDynamoDbClient } from '../dynamodb/create-client.ts';
import {
  createDynamoDbSessionStore,
  type SessionStoreOptions,
} from '../dynamodb/dynamodb-session-store.ts';
import type { Item } from '../dynamodb/items.ts';
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
    return {
      ...openOnTable({ client, tableName, ...realParts }),
      close: async () => {
        client.destroy();
        await close();
      },
    };
  },
});

interface OpenTable extends Pick<SessionStoreOptions, 'clock' | 'ids'> {
  client: DynamoDbSender;
  tableName: string;
}

/** The store on a table, and what the conformance suite does behind the store's back. */
export const openOnTable = (table: OpenTable): Omit<OpenStore, 'close'> => {
  const { client, tableName: TableName } = table;
  const options = { abortSignal: new AbortController().signal };
  const keyOf = (id: string) => ({ [sessionsTable.partitionKey]: { S: id } });
  const read = async (sessionId: SessionId): Promise<Item | undefined> => {
    const command = new GetItemCommand({ TableName, Key: keyOf(sessionId), ConsistentRead: true });
    return (await client.send(command, options)).Item;
  };
  return {
    store: createDynamoDbSessionStore({ ...table, timeLimitMs: 20_000, sweptRowsPerQuery: 3 }),
    spoil: async (sessionId) => {
      const command = new UpdateItemCommand({
        TableName,
        Key: keyOf(sessionId),
        UpdateExpression: 'SET #field = :garbage',
        ExpressionAttributeNames: { '#field': 'expires_at' },
        ExpressionAttributeValues: { ':garbage': { BOOL: true } },
      });
      await client.send(command, options);
    },
    purgeAt: async (sessionId) => {
      const purgeAt = (await read(sessionId))?.[sessionsTable.ttlAttribute]?.N;
      return purgeAt === undefined ? undefined : Number(purgeAt);
    },
    addUnknown: async (sessionId) => {
      const command = new UpdateItemCommand({
        TableName,
        Key: keyOf(sessionId),
        UpdateExpression: 'SET #zones = :zones, #resources.#gpu = :gpu',
        ExpressionAttributeNames: { '#zones': 'zones', '#resources': 'resources', '#gpu': 'gpu' },
        ExpressionAttributeValues: {
          ':zones': { L: [{ NULL: true }, { S: 'a' }] },
          ':gpu': { S: '1' },
        },
      });
      await client.send(command, options);
    },
    unknownOf: async (sessionId) => {
      const item = await read(sessionId);
      return [item?.zones?.L?.[1]?.S, item?.resources?.M?.gpu?.S];
    },
  };
};
