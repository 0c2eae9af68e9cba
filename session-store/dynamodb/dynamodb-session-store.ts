import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SessionReader, SessionStore } from '../ports.ts';
import { createCall, type TableAccess } from './call.ts';
import { createIdempotencyKeys } from './idempotency-keys.ts';
import { sessionsTable } from './key-schema.ts';
import { createLeases } from './leases.ts';
import { createSessionLister, type ListEffort } from './rows/list-sessions.ts';
import { createLiveSessions } from './quota.ts';
import { createRouteReader, createSessionRows } from './rows/session-rows.ts';
import { createSessionSweeper } from './rows/sweep-sessions.ts';

export interface RouteReaderOptions {
  client: DynamoDBClient;
  tableName?: string | undefined;
  /** Of one operation as a whole, retries included. */
  timeLimitMs?: number | undefined;
}

export interface SessionStoreOptions extends RouteReaderOptions {
  /** Ms of Unix time: decides whether an idempotency key has expired. */
  now?: (() => number) | undefined;
  listEffort?: ListEffort | undefined;
  /** Of a sweep; unset: as many as DynamoDB gives. */
  sweptRowsPerQuery?: number | undefined;
}

/** The client stays the caller's to destroy. */
export const createDynamoDbSessionStore = (options: SessionStoreOptions): SessionStore => {
  const table = tableAccess(options);
  return {
    ...createSessionRows(table),
    ...createSessionLister(table, options.listEffort ?? { rowsPerQuery: 500, queries: 10 }),
    ...createLiveSessions(table),
    ...createIdempotencyKeys(table),
    ...createLeases(table),
    ...createSessionSweeper(table, options.sweptRowsPerQuery),
  };
};

/** All that the data-plane needs: it can read one row and nothing else. */
export const createDynamoDbRouteReader = (options: RouteReaderOptions): SessionReader =>
  createRouteReader(tableAccess(options));

const tableAccess = ({
  client,
  tableName,
  timeLimitMs,
  now,
}: SessionStoreOptions): TableAccess => ({
  call: createCall(client, timeLimitMs ?? 3_000),
  tableName: tableName ?? sessionsTable.defaultName,
  now: now ?? Date.now,
});
