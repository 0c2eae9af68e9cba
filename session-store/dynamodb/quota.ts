import { DeleteItemCommand, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type SessionId, sessionIdSchema, type TenantId } from '@steppe/contracts/ids';
import * as z from 'zod';
import type { LiveSessions } from '../ports.ts';
import { isConditionFailure, type Send, type TableAccess } from './call.ts';
import { liveSetKey, liveShard } from './item-keys.ts';
import { parseItem, toItem } from './items.ts';
import { sessionsTable } from './key-schema.ts';

/** DynamoDB cannot store an empty set, and an older version left an item without one. */
export const liveSetSchema = z.object({
  session_id: z.string(),
  ids: z
    .set(sessionIdSchema)
    .transform((ids) => [...ids])
    .default([]),
});

const { partitionKey: shardKey } = sessionsTable.liveIndex;

export const createLiveSessions = (table: TableAccess): LiveSessions => ({
  addLive: (tenantId, sessionId, max, { signal } = {}) =>
    table.call(signal, async (send) => {
      const room = max > 0 ? 'attribute_not_exists(#ids) OR size(#ids) < :max OR ' : '';
      const key = liveSetKey(tenantId);
      try {
        await send(
          new UpdateItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: key }),
            UpdateExpression: 'ADD #ids :ids SET #shard = :shard',
            ConditionExpression: `${room}contains(#ids, :id)`,
            ExpressionAttributeNames: { '#ids': 'ids', '#shard': shardKey },
            ExpressionAttributeValues: toItem({
              ':id': sessionId,
              ':ids': new Set([sessionId]),
              ':shard': liveShard(key),
              ':max': max > 0 ? max : undefined,
            }),
          }),
        );
        return 'added';
      } catch (error) {
        if (isConditionFailure(error)) return 'full';
        throw error;
      }
    }),

  removeLive: (tenantId, sessionId, { signal } = {}) =>
    table.call(signal, async (send) => {
      const one = { table, send, tenantId, sessionId };
      for (;;) {
        if (await orFalse(removeOneOfMany(one))) return;
        const ids = await readIds(table, send, tenantId);
        if (!ids.includes(sessionId)) return;
        if (ids.length === 1 && (await orFalse(removeLast(one)))) return;
        // Another write succeeded and changed the set between these calls, so some caller always
        // makes progress. Try again.
      }
    }),

  listLive: (tenantId, { signal } = {}) =>
    table.call(signal, (send) => readIds(table, send, tenantId)),
});

interface OneId {
  table: TableAccess;
  send: Send;
  tenantId: TenantId;
  sessionId: SessionId;
}

const removeOneOfMany = ({ table, send, tenantId, sessionId }: OneId): Promise<unknown> => {
  const key = liveSetKey(tenantId);
  return send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: toItem({ session_id: key }),
      // This write also adds a set that an older version created to the index.
      UpdateExpression: 'DELETE #ids :ids SET #shard = :shard',
      ConditionExpression: 'contains(#ids, :id) AND size(#ids) > :one',
      ExpressionAttributeNames: { '#ids': 'ids', '#shard': shardKey },
      ExpressionAttributeValues: toItem({
        ':id': sessionId,
        ':ids': new Set([sessionId]),
        ':shard': liveShard(key),
        ':one': 1,
      }),
    }),
  );
};

/** Deletes the item together with its last id, so that no empty set stays in the index. */
const removeLast = ({ table, send, tenantId, sessionId }: OneId): Promise<unknown> =>
  send(
    new DeleteItemCommand({
      TableName: table.tableName,
      Key: toItem({ session_id: liveSetKey(tenantId) }),
      ConditionExpression: '#ids = :ids',
      ExpressionAttributeNames: { '#ids': 'ids' },
      ExpressionAttributeValues: toItem({ ':ids': new Set([sessionId]) }),
    }),
  );

/** Returns false if the condition failed. */
const orFalse = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (isConditionFailure(error)) return false;
    throw error;
  }
};

const readIds = async (
  table: TableAccess,
  send: Send,
  tenantId: TenantId,
): Promise<SessionId[]> => {
  const { Item: item } = await send(
    new GetItemCommand({
      TableName: table.tableName,
      Key: toItem({ session_id: liveSetKey(tenantId) }),
      ConsistentRead: true,
    }),
  );
  return item === undefined ? [] : parseItem(liveSetSchema, item).ids;
};
