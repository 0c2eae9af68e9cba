import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Leases } from '../ports.ts';
import { isConditionFailure, type TableAccess } from './call.ts';
import { leaseKey } from './item-keys.ts';
import { toItem } from './items.ts';

// DynamoDB's reserved words change over the years, so every attribute is named by a placeholder.
const names = { '#holder': 'holder', '#expires': 'expires_at_ms' };

export const createLeases = (table: TableAccess): Leases => ({
  acquireLease: (name, holder, ttlMs, now, { signal } = {}) =>
    table.call(signal, async (send) => {
      try {
        await send(
          new PutItemCommand({
            TableName: table.tableName,
            Item: toItem({ session_id: leaseKey(name), holder, expires_at_ms: now + ttlMs }),
            ConditionExpression:
              'attribute_not_exists(session_id) OR #holder = :holder OR #expires <= :now',
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: toItem({ ':holder': holder, ':now': now }),
          }),
        );
        return 'acquired';
      } catch (error) {
        if (isConditionFailure(error)) return 'held';
        throw error;
      }
    }),

  renewLease: (name, holder, ttlMs, now, { signal } = {}) =>
    table.call(signal, async (send) => {
      try {
        await send(
          new UpdateItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: leaseKey(name) }),
            UpdateExpression: 'SET #expires = :expires',
            ConditionExpression: '#holder = :holder',
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: toItem({ ':holder': holder, ':expires': now + ttlMs }),
          }),
        );
        return 'renewed';
      } catch (error) {
        if (isConditionFailure(error)) return 'lost';
        throw error;
      }
    }),

  releaseLease: (name, holder, { signal } = {}) =>
    table.call(signal, async (send) => {
      try {
        await send(
          new DeleteItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: leaseKey(name) }),
            ConditionExpression: '#holder = :holder',
            ExpressionAttributeNames: { '#holder': names['#holder'] },
            ExpressionAttributeValues: toItem({ ':holder': holder }),
          }),
        );
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
      }
    }),
});
