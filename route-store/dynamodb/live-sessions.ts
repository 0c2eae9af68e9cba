import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { sessionIdSchema } from '@steppe/contracts/ids';
import * as z from 'zod';
import type { LiveSessions } from '../ports.ts';
import { toItem } from './attribute-values.ts';
import { isConditionFailure, type TableAccess } from './call.ts';
import { liveSetKey } from './item-keys.ts';
import { parseItem } from './parse-item.ts';

/** DynamoDB keeps no empty set: taking the last id out takes the attribute away. */
export const liveSetSchema = z.strictObject({ session_id: z.string(), ids: z.array(sessionIdSchema).default([]) });

export const createLiveSessions = (table: TableAccess): LiveSessions => ({
  addLive: (tenantId, sessionId, max, { signal } = {}) =>
    table.call(signal, async (send) => {
      const room = max > 0 ? 'attribute_not_exists(#ids) OR size(#ids) < :max OR ' : '';
      try {
        await send(
          new UpdateItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: liveSetKey(tenantId) }),
            UpdateExpression: 'ADD #ids :ids',
            ConditionExpression: `${room}contains(#ids, :id)`,
            ExpressionAttributeNames: { '#ids': 'ids' },
            ExpressionAttributeValues: {
              ...toItem({ ':id': sessionId, ...(max > 0 && { ':max': max }) }),
              ':ids': { SS: [sessionId] },
            },
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
      try {
        await send(
          new UpdateItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: liveSetKey(tenantId) }),
            UpdateExpression: 'DELETE #ids :ids',
            // Without it, a tenant that never had a session would get an item.
            ConditionExpression: 'contains(#ids, :id)',
            ExpressionAttributeNames: { '#ids': 'ids' },
            ExpressionAttributeValues: { ...toItem({ ':id': sessionId }), ':ids': { SS: [sessionId] } },
          }),
        );
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
      }
    }),

  listLive: (tenantId, { signal } = {}) =>
    table.call(signal, async (send) => {
      const { Item: item } = await send(
        new GetItemCommand({
          TableName: table.tableName,
          Key: toItem({ session_id: liveSetKey(tenantId) }),
          ConsistentRead: true,
        }),
      );
      return item === undefined ? [] : parseItem(liveSetSchema, item).ids;
    }),
});
