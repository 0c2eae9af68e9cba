import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { tenantIdSchema } from '@steppe/contracts/ids';
import * as z from 'zod';
import { RouteStoreCorrupt } from '../errors.ts';
import type { CallOptions, SessionSweeper, SweptItem } from '../ports.ts';
import { type Item, toItem } from './attribute-values.ts';
import type { TableAccess } from './call.ts';
import { liveSetPrefix } from './item-keys.ts';
import { sessionsTable } from './key-schema.ts';
import { liveSetSchema } from './live-sessions.ts';
import { itemKey, orCorrupt, parseItem } from './parse-item.ts';
import { fromSessionItem } from './session-item.ts';

export const createSessionSweeper = (table: TableAccess): SessionSweeper => ({
  sweep: async function* ({ signal }: CallOptions = {}) {
    let start: Item | undefined;
    do {
      const page = await scanOnce(table, signal, start);
      for (const item of page.Items ?? []) {
        const swept = readOrTell(item);
        if (swept !== null) yield swept;
      }
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  },
});

const scanOnce = (table: TableAccess, signal: AbortSignal | undefined, start: Item | undefined) =>
  table.call(signal, (send) =>
    send(
      new ScanCommand({
        TableName: table.tableName,
        ConsistentRead: true,
        FilterExpression: '#state IN (:provisioning, :ready) OR begins_with(#key, :live)',
        ExpressionAttributeNames: { '#state': 'state', '#key': sessionsTable.partitionKey },
        ExpressionAttributeValues: toItem({ ':provisioning': 'provisioning', ':ready': 'ready', ':live': liveSetPrefix }),
        ExclusiveStartKey: start,
      }),
    ),
  );

const sweptSetSchema = liveSetSchema.extend({
  session_id: z
    .string()
    .transform((key) => key.slice(liveSetPrefix.length))
    .pipe(tenantIdSchema),
});

const readOrTell = (item: Item): SweptItem | null => {
  const swept = orCorrupt(() => read(item));
  return swept instanceof RouteStoreCorrupt ? { kind: 'corrupt', error: swept } : swept;
};

const read = (item: Item): SweptItem | null => {
  if (!itemKey(item).startsWith(liveSetPrefix)) return { kind: 'session', record: fromSessionItem(item).record };
  const { session_id: tenantId, ids: sessionIds } = parseItem(sweptSetSchema, item);
  return sessionIds.length === 0 ? null : { kind: 'live_set', tenantId, sessionIds };
};
