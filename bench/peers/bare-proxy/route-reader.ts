import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';

/** Reads the address of each session from the table once. @param endpoint URL of the table */
export function createRouteReader(endpoint: string): (sessionId: string) => Promise<string> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  const routes = new Map<string, Promise<string>>();
  const read = async (sessionId: string): Promise<string> => {
    const { Item } = await client.send(
      new GetItemCommand({
        TableName: sessionsTable.defaultName,
        Key: { [sessionsTable.partitionKey]: { S: sessionId } },
      }),
    );
    return Item?.address?.S ?? '';
  };
  return (sessionId) => {
    const route = routes.get(sessionId) ?? read(sessionId);
    routes.set(sessionId, route);
    return route;
  };
}
