import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { tenantIdSchema } from '@steppe/contracts/ids';
import * as z from 'zod';
import { SessionStoreCorruptError, SessionStoreUnavailableError } from '../../errors.ts';
import { liveEntrySchema } from '../../live-entry.ts';
import type { CallOptions, SessionSweeper, SweptItem } from '../../ports.ts';
import { isRequestInvalid, type TableAccess } from '../call.ts';
import { liveSetPrefix } from '../item-keys.ts';
import { type Item, itemKey, orCorrupt, parseItem, toItem } from '../items.ts';
import { sessionsTable } from '../key-schema.ts';
import { liveSetSchema } from '../quota.ts';

const { liveIndex } = sessionsTable;

/**
 * A full response of DynamoDB has 1 MB, some 3 000 rows: to read them at once would hold up the
 * process. The read units are the same, but for the rounding of each query to half a unit.
 */
const defaultRowsPerQuery = 500;

export const createSessionSweeper = (
  table: TableAccess,
  rowsPerQuery = defaultRowsPerQuery,
): SessionSweeper => ({
  sweep: async function* ({ signal }: CallOptions = {}) {
    for (let shard = 0; shard < liveIndex.shards; shard += 1) {
      let start: Item | undefined;
      do {
        const page = await queryOnce({ table, signal, shard, start, rowsPerQuery });
        for (const item of page.Items ?? []) {
          const swept = readOrReport(item);
          if (swept !== null) yield swept;
        }
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
    }
  },
});

interface PageQuery {
  table: TableAccess;
  signal: AbortSignal | undefined;
  shard: number;
  start: Item | undefined;
  rowsPerQuery: number | undefined;
}

const queryOnce = ({
  table,
  signal,
  shard,
  start,
  rowsPerQuery,
}: PageQuery): Promise<QueryCommandOutput> =>
  table.call(signal, async (send) => {
    try {
      return await send(
        new QueryCommand({
          TableName: table.tableName,
          IndexName: liveIndex.name,
          KeyConditionExpression: '#shard = :shard',
          ExpressionAttributeNames: { '#shard': liveIndex.partitionKey },
          ExpressionAttributeValues: toItem({ ':shard': shard }),
          ExclusiveStartKey: start,
          Limit: rowsPerQuery,
        }),
      );
    } catch (error) {
      // The request is always the same, so only the table can be at fault.
      if (!isRequestInvalid(error)) throw error;
      throw new SessionStoreUnavailableError(
        `cannot query the index ${liveIndex.name} of the table ${table.tableName}; docs/operating.md says how to add it`,
        { cause: error },
      );
    }
  });

const sweptSetSchema = liveSetSchema.extend({
  session_id: z
    .string()
    .transform((key) => key.slice(liveSetPrefix.length))
    .pipe(tenantIdSchema),
});

const readOrReport = (item: Item): SweptItem | null => {
  const swept = orCorrupt(() => read(item));
  return swept instanceof SessionStoreCorruptError ? { kind: 'corrupt', error: swept } : swept;
};

const read = (item: Item): SweptItem | null => {
  if (!itemKey(item).startsWith(liveSetPrefix))
    return { kind: 'session', entry: parseItem(liveEntrySchema, item) };
  const { session_id: tenantId, ids: sessionIds } = parseItem(sweptSetSchema, item);
  return sessionIds.length === 0 ? null : { kind: 'live_set', tenantId, sessionIds };
};
