import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import pLimit from 'p-limit';
import { liveSetKey, liveShard } from '../dynamodb/item-keys.ts';
import { type Item, toItem } from '../dynamodb/items.ts';
import { sessionsTable } from '../dynamodb/key-schema.ts';
import { toSessionItem } from '../dynamodb/rows/session-item.ts';

const concurrentWrites = 16;
/** As many as DynamoDB takes at once. */
const itemsPerBatch = 25;

/**
 * Writes many rows as the session store does, and the quotas of the live ones: all live rows of a
 * tenant must be written by one call.
 */
export async function writeRows(
  client: DynamoDBClient,
  tableName: string,
  records: readonly SessionRecord[],
): Promise<void> {
  const items = [
    ...records.map((record) => toSessionItem({ record, writeId: undefined })),
    ...liveSets(records),
  ];
  const batches = Array.from({ length: Math.ceil(items.length / itemsPerBatch) }, (_, at) =>
    items.slice(at * itemsPerBatch, (at + 1) * itemsPerBatch),
  );
  const limit = pLimit(concurrentWrites);
  await Promise.all(batches.map((batch) => limit(() => writeBatch(client, tableName, batch))));
}

async function writeBatch(
  client: DynamoDBClient,
  tableName: string,
  items: readonly Item[],
): Promise<void> {
  const puts = items.map((item) => ({ PutRequest: { Item: item } }));
  const { UnprocessedItems } = await client.send(
    new BatchWriteItemCommand({ RequestItems: { [tableName]: puts } }),
  );
  const left = UnprocessedItems?.[tableName]?.length ?? 0;
  if (left > 0) throw new Error(`${left} rows were not written`);
}

function liveSets(records: readonly SessionRecord[]): Item[] {
  const byTenant = new Map<TenantId, Set<SessionId>>();
  for (const { state, tenant_id: tenant, session_id: id } of records) {
    if (state !== 'ready') continue;
    byTenant.set(tenant, (byTenant.get(tenant) ?? new Set()).add(id));
  }
  return [...byTenant].map(([tenant, ids]) => {
    const key = liveSetKey(tenant);
    return toItem({
      [sessionsTable.partitionKey]: key,
      ids,
      [sessionsTable.liveIndex.partitionKey]: liveShard(key),
    });
  });
}
