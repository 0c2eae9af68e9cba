import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';
import { kubectlRead } from './commands.ts';
import type { Release } from './release.ts';

export interface ReleaseStore {
  store: SessionStore;
  close(): void;
}

/** The table of a release, which its pod `local-store` serves. */
export async function openReleaseStore({
  namespace,
  name,
}: Pick<Release, 'namespace' | 'name'>): Promise<ReleaseStore> {
  const service = ['service', `${name}-local-store`];
  const address = await kubectlRead(namespace, service, '{.spec.clusterIP}:{.spec.ports[0].port}');
  const endpoint = `http://${address}`;
  const client = createDynamoDbClient({ ...localAccess, endpoint, attemptTimeoutMs: 10_000 });
  const tableName = 'steppe-sessions';
  return {
    store: createDynamoDbSessionStore({ client, tableName, timeLimitMs: 20_000, ...realParts }),
    close: () => client.destroy(),
  };
}
