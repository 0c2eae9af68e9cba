import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { SessionReader, SessionWriter } from '../../ports.ts';
import { isConditionFailure, type Send, type TableAccess, type TableReader } from '../call.ts';
import { toItem } from '../items.ts';
import { toRowUpdate } from './row-update.ts';
import { fromSessionItem, toSessionItem, type WrittenRecord } from './session-item.ts';

export const createSessionRows = (table: TableAccess): SessionWriter => ({
  ...createRouteReader(table),

  create: (record, { signal } = {}) =>
    table.call(signal, async (send) => {
      const written = { record, writeId: table.ids.uuid() };
      try {
        await send(
          new PutItemCommand({
            TableName: table.tableName,
            Item: toSessionItem(written),
            ConditionExpression: 'attribute_not_exists(session_id)',
          }),
        );
        return 'created';
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
        const retried = (error.$metadata.attempts ?? 1) > 1;
        if (!retried) return 'exists';
        const found = await read(table, send, record.session_id, true);
        return found?.writeId === written.writeId ? 'created' : 'exists';
      }
    }),

  update: (next, expectedVersion, { signal } = {}) =>
    table.call(signal, async (send) => {
      const record: SessionRecord = { ...next, version: expectedVersion + 1 };
      const writeId = table.ids.uuid();
      const change = toRowUpdate(toSessionItem({ record, writeId }));
      try {
        await send(
          new UpdateItemCommand({
            TableName: table.tableName,
            Key: toItem({ session_id: record.session_id }),
            ...change,
            // A missing row has no version either, so it is not created.
            ConditionExpression: '#version = :expected',
            ExpressionAttributeNames: { ...change.ExpressionAttributeNames, '#version': 'version' },
            ExpressionAttributeValues: {
              ...change.ExpressionAttributeValues,
              ...toItem({ ':expected': expectedVersion }),
            },
          }),
        );
        return { outcome: 'updated', record };
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
        const found = await read(table, send, record.session_id, true);
        if (found === null) return { outcome: 'absent' };
        if (found.writeId === writeId) return { outcome: 'updated', record };
        return { outcome: 'lost', current: found.record };
      }
    }),
});

export const createRouteReader = (table: TableReader): SessionReader => ({
  get: (sessionId, { consistent, signal }) =>
    table.call(
      signal,
      async (send) => (await read(table, send, sessionId, consistent))?.record ?? null,
    ),
});

const read = async (
  table: TableReader,
  send: Send,
  sessionId: SessionId,
  consistent: boolean,
): Promise<WrittenRecord | null> => {
  const { Item: item } = await send(
    new GetItemCommand({
      TableName: table.tableName,
      Key: toItem({ session_id: sessionId }),
      ConsistentRead: consistent,
    }),
  );
  return item === undefined ? null : fromSessionItem(item);
};
