import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Lifecycle } from '@steppe/service-kit/process/lifecycle';
import { localAccess, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';

/** A store in this process has no outages, but a busy machine makes it slow. */
const timeouts = { connectTimeoutMs: 30_000, attemptTimeoutMs: 30_000 };

interface StoreParts {
  lifecycle: Lifecycle;
  clock: Clock;
  ids: Ids;
}

/** Starts dynalite in this process, behind the same adapter as DynamoDB. */
export async function startStore({ lifecycle, clock, ids }: StoreParts): Promise<SessionStore> {
  const { endpoint, tableName, close } = await startDynalite();
  lifecycle.onClose('dynalite', close);
  const client = createDynamoDbClient({ ...localAccess, endpoint, ...timeouts });
  lifecycle.onClose('DynamoDB client', () => client.destroy());
  return createDynamoDbSessionStore({
    client,
    tableName,
    timeLimitMs: timeouts.attemptTimeoutMs,
    clock,
    ids,
  });
}
