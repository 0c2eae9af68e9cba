import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { sessionIdSchema } from '@steppe/contracts/ids';
import * as z from 'zod';
import { SessionStoreUnavailableError } from '../errors.ts';
import type { IdempotencyItem, IdempotencyKeys } from '../ports.ts';
import { isConditionFailure, type Send, type TableAccess } from './call.ts';
import { idempotencyKey } from './item-keys.ts';
import { parseItem, toItem } from './items.ts';

/**
 * `session_id` is the table's key, so the session's id is stored under another name. `write_id`:
 * see session-item.ts.
 */
export const storedKeySchema = z
  .object({
    session_id: z.string(),
    stands_for: sessionIdSchema,
    body_hash: z.string(),
    purge_at: z.number().int(),
    write_id: z.string(),
  })
  .transform(({ stands_for, body_hash, purge_at, write_id }) => ({
    writeId: write_id,
    item: { session_id: stands_for, body_hash, expires: purge_at },
  }));

export const createIdempotencyKeys = (table: TableAccess): IdempotencyKeys => ({
  putIdempotency: (tenantId, key, item, { signal } = {}) =>
    table.call(signal, async (send) => {
      const itemKey = idempotencyKey(tenantId, key);
      const writeId = table.ids.uuid();
      // The conflicting item may be deleted or expire between the two calls.
      for (let attempts = 0; attempts < 3; attempts += 1) {
        if (await put(table, send, itemKey, item, writeId)) return { outcome: 'stored' };
        const found = await read(table, send, itemKey);
        if (found?.writeId === writeId) return { outcome: 'stored' };
        if (found !== null) return { outcome: 'exists', item: found.item };
      }
      throw new SessionStoreUnavailableError(`the item ${itemKey} changed during every attempt`);
    }),

  getIdempotency: (tenantId, key, { signal } = {}) =>
    table.call(
      signal,
      async (send) => (await read(table, send, idempotencyKey(tenantId, key)))?.item ?? null,
    ),

  deleteIdempotency: (tenantId, key, sessionId, { signal } = {}) =>
    table.call(signal, async (send) => {
      try {
        await send(
          new DeleteItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: idempotencyKey(tenantId, key) }),
            ConditionExpression: 'stands_for = :session',
            ExpressionAttributeValues: toItem({ ':session': sessionId }),
          }),
        );
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
      }
    }),
});

const put = async (
  table: TableAccess,
  send: Send,
  itemKey: string,
  item: IdempotencyItem,
  writeId: string,
): Promise<boolean> => {
  try {
    await send(
      new PutItemCommand({
        TableName: table.tableName,
        Item: toItem({
          session_id: itemKey,
          stands_for: item.session_id,
          body_hash: item.body_hash,
          purge_at: item.expires,
          write_id: writeId,
        }),
        // DynamoDB may take days to remove an expired item.
        ConditionExpression: 'attribute_not_exists(session_id) OR purge_at <= :now',
        ExpressionAttributeValues: toItem({ ':now': nowSeconds(table) }),
      }),
    );
    return true;
  } catch (error) {
    if (isConditionFailure(error)) return false;
    throw error;
  }
};

const read = async (table: TableAccess, send: Send, itemKey: string) => {
  const { Item: found } = await send(
    new GetItemCommand({
      TableName: table.tableName,
      Key: toItem({ session_id: itemKey }),
      ConsistentRead: true,
    }),
  );
  if (found === undefined) return null;
  const stored = parseItem(storedKeySchema, found);
  return stored.item.expires <= nowSeconds(table) ? null : stored;
};

const nowSeconds = (table: TableAccess): number => Math.floor(table.clock.now() / 1000);
