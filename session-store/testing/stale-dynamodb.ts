import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { localAccess, type RunningDynamoDb, startDynalite } from '../dynalite/start-dynalite.ts';
import { createDynamoDbClient } from '../dynamodb/create-client.ts';
import { sessionsTable } from '../dynamodb/key-schema.ts';
import {
  type DynamoDbRequest,
  type DynamoDbResponse,
  forward,
  startDynamoDbProxy,
} from './dynamodb-proxy.ts';

export interface StaleOptions {
  /** How old a read without `ConsistentRead` is; 500 by default. */
  lagMs?: number;
  /** In ms; a test that controls it decides when the lag has passed. */
  now?: () => number;
}

/**
 * DynamoDB on a bad day: GetItem, Query and Scan see the table and its indexes as they were `lagMs`
 * ago unless `ConsistentRead` is set. A second dynalite is the replica: it receives every write
 * again, in order, once a stale read finds that the write is older than the lag.
 */
export const startStaleDynamoDb = async ({
  lagMs = 500,
  now = Date.now,
}: StaleOptions = {}): Promise<RunningDynamoDb> => {
  const [primary, replica] = await Promise.all([startDynalite(), startDynalite()]);
  const clients = {
    primary: createDynamoDbClient({ ...localAccess, endpoint: primary.endpoint }),
    replica: createDynamoDbClient({ ...localAccess, endpoint: replica.endpoint }),
  };
  const inOrder = createQueue();
  const pending: Image[] = [];

  const write = (request: DynamoDbRequest) =>
    inOrder(async () => {
      const response = await forward(primary.endpoint, request);
      if (response.status === 200)
        pending.push({ ...(await readImage(clients.primary, request)), writtenAt: now() });
      return response;
    });

  const staleRead = async (request: DynamoDbRequest) => {
    await inOrder(async () => {
      for (
        let image = pending[0];
        image !== undefined && image.writtenAt <= now() - lagMs;
        image = pending[0]
      ) {
        await writeImage(clients.replica, image);
        pending.shift();
      }
    });
    return forward(replica.endpoint, request);
  };

  const response = async (request: DynamoDbRequest): Promise<DynamoDbResponse> => {
    if (writes.has(request.operation)) return write(request);
    if (request.operation === 'CreateTable') {
      await forward(replica.endpoint, request);
      return forward(primary.endpoint, request);
    }
    if (request.operation === 'DescribeTable') return forward(primary.endpoint, request);
    if (!reads.has(request.operation))
      return { status: 501, text: `${request.operation} is not one that this endpoint knows` };
    return request.body.ConsistentRead === true
      ? forward(primary.endpoint, request)
      : staleRead(request);
  };

  const proxy = await startDynamoDbProxy(response);
  return {
    endpoint: proxy.endpoint,
    tableName: primary.tableName,
    close: async () => {
      await proxy.close();
      clients.primary.destroy();
      clients.replica.destroy();
      await Promise.all([primary.close(), replica.close()]);
    },
  };
};

const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
const reads = new Set(['GetItem', 'Query', 'Scan']);

/** An item after a write; absent if the write deleted it. */
interface Image {
  tableName: string;
  key: Record<string, AttributeValue>;
  item: Record<string, AttributeValue> | undefined;
  writtenAt: number;
}

const readImage = async (
  primary: DynamoDBClient,
  { body: { TableName: tableName, Key, Item } }: DynamoDbRequest,
) => {
  const id = (Key ?? Item)?.[sessionsTable.partitionKey]?.S ?? '';
  const key = { [sessionsTable.partitionKey]: { S: id } };
  const { Item: item } = await primary.send(
    new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true }),
  );
  return { tableName, key, item };
};

const writeImage = async (
  replica: DynamoDBClient,
  { tableName, key, item }: Image,
): Promise<void> => {
  if (item === undefined)
    await replica.send(new DeleteItemCommand({ TableName: tableName, Key: key }));
  else await replica.send(new PutItemCommand({ TableName: tableName, Item: item }));
};

/** Runs one task after the other, so that the image read after a write belongs to that write. */
const createQueue = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
};
