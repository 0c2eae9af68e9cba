import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Lifecycle } from '@steppe/service-kit/process/lifecycle';
import { localAccess, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { ensureTable } from '@steppe/session-store/dynamodb/ensure-table';
import type { SessionStore } from '@steppe/session-store/ports';
import type { RunConfig } from './config.ts';
import { watchTable } from './watch-table.ts';

export interface LocalStore {
  store: SessionStore;
  /** The table that outlives local mode; undefined if it is in memory. */
  table: LastingTable | undefined;
}

export interface LastingTable {
  name: string;
  endpoint: string;
  /** True if local mode created it, so that it has no rows of earlier runs. */
  isNew: boolean;
}

interface StoreParts {
  lifecycle: Lifecycle;
  clock: Clock;
  ids: Ids;
  /** Prints one line for the person at the terminal. */
  print: (line: string) => void;
}

/** A store on this machine has no outages, but a busy machine makes it slow. */
const timeouts = { connectTimeoutMs: 30_000, attemptTimeoutMs: 30_000 };

/**
 * Opens the table at DYNAMODB_ENDPOINT, or else starts dynalite in this process, behind the same
 * adapter.
 * @throws Error if the table cannot be opened
 */
export async function startStore(config: RunConfig, parts: StoreParts): Promise<LocalStore> {
  return config.DYNAMODB_ENDPOINT === undefined
    ? { store: await openInMemory(parts), table: undefined }
    : openLasting(config, config.DYNAMODB_ENDPOINT, parts);
}

async function openInMemory({ lifecycle, clock, ids }: StoreParts): Promise<SessionStore> {
  const { endpoint, tableName, close } = await startDynalite();
  lifecycle.onClose('dynalite', close);
  const client = createDynamoDbClient({ ...localAccess, endpoint, ...timeouts });
  lifecycle.onClose('DynamoDB client', () => client.destroy());
  const timeLimitMs = timeouts.attemptTimeoutMs;
  return createDynamoDbSessionStore({ client, tableName, timeLimitMs, clock, ids });
}

async function openLasting(
  { SESSIONS_TABLE: tableName, AWS_REGION: region }: RunConfig,
  endpoint: string,
  { lifecycle, clock, ids, print }: StoreParts,
): Promise<LocalStore> {
  const client = createDynamoDbClient({
    region,
    endpoint,
    connectTimeoutMs: 2_000,
    attemptTimeoutMs: 5_000,
  });
  lifecycle.onClose('DynamoDB client', () => client.destroy());
  const { isNew } = await ensureTable(client, tableName);
  watchTable(client, () => print(goneMessage(tableName, endpoint)));
  const store = createDynamoDbSessionStore({ client, tableName, timeLimitMs: 10_000, clock, ids });
  return { store, table: { name: tableName, endpoint, isNew } };
}

const goneMessage = (tableName: string, endpoint: string): string =>
  `the table ${tableName} at ${endpoint} is gone, with every session in it; LocalStack keeps its tables in memory and loses them when it stops. Press Ctrl-C and start local mode again: it creates the table`;
