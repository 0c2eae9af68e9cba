import { localAccess, startDynalite } from '@steppe/route-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/route-store/ports';
import type { Lifecycle } from '@steppe/service-kit/lifecycle';

/** A store in this process cannot be out; on a busy machine it may be slow, where the service itself would have failed long ago. */
const patience = { connectTimeoutMs: 30_000, attemptTimeoutMs: 30_000 };

/** DynamoDB in this process and in memory, behind the adapter that talks to the real one. */
export async function startStore(lifecycle: Lifecycle): Promise<SessionStore> {
  const { endpoint, tableName, close } = await startDynalite();
  lifecycle.onClose('dynalite', close);
  const client = createDynamoDbClient({ ...localAccess, endpoint, ...patience });
  lifecycle.onClose('DynamoDB client', () => client.destroy());
  return createDynamoDbSessionStore({ client, tableName, timeLimitMs: patience.attemptTimeoutMs });
}
