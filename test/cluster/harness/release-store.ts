import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import type { SessionStore } from '@steppe/session-store/ports';
import type { Release } from './release.ts';
import { serviceUrl } from './service-url.ts';

export interface ReleaseStore {
  store: SessionStore;
  /** All attributes of a session's row, those of another version too. */
  readRow(sessionId: string): Promise<object | undefined>;
  close(): void;
}

/** The table of a release, which its pod `local-store` serves, or another service beside it. */
export async function openReleaseStore(
  { namespace, name }: Pick<Release, 'namespace' | 'name'>,
  service = `${name}-local-store`,
): Promise<ReleaseStore> {
  const endpoint = await serviceUrl(namespace, service);
  const client = createDynamoDbClient({ ...localAccess, endpoint, attemptTimeoutMs: 10_000 });
  const tableName = sessionsTable.defaultName;
  return {
    store: createDynamoDbSessionStore({ client, tableName, timeLimitMs: 20_000, ...realParts }),
    async readRow(sessionId) {
      const Key = { [sessionsTable.partitionKey]: { S: sessionId } };
      return (await client.send(new GetItemCommand({ TableName: tableName, Key }))).Item;
    },
    close: () => client.destroy(),
  };
}
