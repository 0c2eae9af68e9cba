import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { SessionReader, SessionStore } from '../ports.ts';
import { createCall, type DynamoDbSender, type TableReader } from './call.ts';
import { createIdempotencyKeys } from './idempotency-keys.ts';
import { sessionsTable } from './key-schema.ts';
import { createLeases } from './leases.ts';
import { createLiveSessions } from './quota.ts';
import { createSessionLister, type ListEffort } from './rows/list-sessions.ts';
import { createRouteReader, createSessionRows } from './rows/session-rows.ts';
import { createSessionSweeper } from './rows/sweep-sessions.ts';

/** An operation of the store ends within this time, unless its options say otherwise. */
export const defaultTimeLimitMs = 3_000;

export interface RouteReaderOptions {
  client: DynamoDbSender;
  clock: Clock;
  tableName?: string | undefined;
  /** The limit of one operation as a whole, including retries. */
  timeLimitMs?: number | undefined;
}

export interface SessionStoreOptions extends RouteReaderOptions {
  ids: Ids;
  listEffort?: ListEffort | undefined;
  /** Used by a sweep; unset: its default. */
  sweptRowsPerQuery?: number | undefined;
}

/** The caller must destroy the client. */
export const createDynamoDbSessionStore = (options: SessionStoreOptions): SessionStore => {
  const { clock, ids } = options;
  const table = { ...openTable(options), clock, ids };
  return {
    ...createSessionRows(table),
    ...createSessionLister(table, options.listEffort ?? { rowsPerQuery: 500, queries: 10 }),
    ...createLiveSessions(table),
    ...createIdempotencyKeys(table),
    ...createLeases(table),
    ...createSessionSweeper(table, options.sweptRowsPerQuery),
  };
};

/** The data-plane needs only this: it can read one row and nothing else. */
export const createDynamoDbRouteReader = (options: RouteReaderOptions): SessionReader =>
  createRouteReader(openTable(options));

const openTable = ({ client, clock, tableName, timeLimitMs }: RouteReaderOptions): TableReader => ({
  call: createCall(client, clock, timeLimitMs ?? defaultTimeLimitMs),
  tableName: tableName ?? sessionsTable.defaultName,
});
