import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { SessionStoreCorruptError } from '../../errors.ts';
import type { ListQuery, SessionLister, SessionPage } from '../../ports.ts';
import type { Send, TableAccess } from '../call.ts';
import { type Item, orCorrupt, parseItem, toItem } from '../items.ts';
import { sessionsTable } from '../key-schema.ts';
import { decodeCursor, encodeCursor, indexKeySchema, type ListPosition } from './list-cursor.ts';
import { fromSessionItem } from './session-item.ts';

/**
 * Limits how much one call reads in search of matching rows: past the limit, the page ends early,
 * with a cursor.
 */
export interface ListEffort {
  rowsPerQuery: number;
  queries: number;
}

export const createSessionLister = (table: TableAccess, effort: ListEffort): SessionLister => ({
  listByTenant: (tenantId, query) =>
    table.call(query.signal, async (send) => {
      const start = query.cursor === undefined ? undefined : decodeCursor(tenantId, query.cursor);
      return fillPage({ table, send, tenantId, query, effort }, start);
    }),
});

interface Search {
  table: TableAccess;
  send: Send;
  tenantId: TenantId;
  query: ListQuery;
  effort: ListEffort;
}

const fillPage = async (search: Search, start: ListPosition | undefined): Promise<SessionPage> => {
  const { tenantId, query, effort } = search;
  const sessions: SessionRecord[] = [];
  const corrupt: SessionStoreCorruptError[] = [];
  let position = start;
  for (let queries = 0; queries < effort.queries; queries += 1) {
    const found = await queryOnce(search, position, sessions.length);
    for (const row of found.rows) {
      if (row instanceof SessionStoreCorruptError) corrupt.push(row);
      else sessions.push(row);
    }
    const last = sessions[query.limit - 1];
    // One row more than requested shows whether another page follows.
    if (last !== undefined && sessions.length > query.limit) {
      return {
        sessions: sessions.slice(0, query.limit),
        corrupt,
        nextCursor: encodeCursor(tenantId, last),
      };
    }
    if (found.position === undefined) return { sessions, corrupt, nextCursor: null };
    position = found.position;
  }
  return {
    sessions,
    corrupt,
    nextCursor: position === undefined ? null : encodeCursor(tenantId, position),
  };
};

const queryOnce = async (
  { table, send, tenantId, query, effort }: Search,
  start: ListPosition | undefined,
  have: number,
) => {
  const filter = createFilter(query);
  const response = await send(
    new QueryCommand({
      TableName: table.tableName,
      IndexName: sessionsTable.tenantIndex.name,
      KeyConditionExpression: '#tenant = :tenant',
      FilterExpression: filter.expression,
      ExpressionAttributeNames: {
        '#tenant': sessionsTable.tenantIndex.partitionKey,
        ...filter.names,
      },
      ExpressionAttributeValues: toItem({ ':tenant': tenantId, ...filter.values }),
      ScanIndexForward: false,
      ExclusiveStartKey:
        start === undefined ? undefined : toItem({ tenant_id: tenantId, ...start }),
      Limit: filter.expression === undefined ? query.limit + 1 - have : effort.rowsPerQuery,
    }),
  );
  return {
    rows: (response.Items ?? []).map((item) => orCorrupt(() => fromSessionItem(item).record)),
    position: positionAfter(response.LastEvaluatedKey),
  };
};

const positionAfter = (key: Item | undefined): ListPosition | undefined =>
  key === undefined ? undefined : parseItem(indexKeySchema, key);

const createFilter = ({ state, metadata = {} }: ListQuery) => {
  const terms: string[] = [];
  const names: Record<string, string> = {};
  const values: Record<string, string> = {};
  if (state !== undefined) {
    terms.push('#state = :state');
    names['#state'] = 'state';
    values[':state'] = state;
  }
  for (const [index, [name, value]] of Object.entries(metadata).entries()) {
    terms.push(`#metadata.#name${index} = :value${index}`);
    names['#metadata'] = 'metadata';
    names[`#name${index}`] = name;
    values[`:value${index}`] = value;
  }
  return { expression: terms.length === 0 ? undefined : terms.join(' AND '), names, values };
};
