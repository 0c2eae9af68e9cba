import { type SessionRecord, sessionRecordSchema } from '@steppe/contracts/session-record';
import { liveShard } from '../item-keys.ts';
import { type Item, parseItem, toItem } from '../items.ts';
import { sessionsTable } from '../key-schema.ts';

/**
 * A row and the id of the write that produced it. If the SDK retries an attempt that did arrive,
 * the retry fails on its own condition: the id distinguishes that from a lost race.
 */
export interface WrittenRecord {
  record: SessionRecord;
  writeId: string | undefined;
}

const { partitionKey: shardKey } = sessionsTable.liveIndex;

/**
 * A row enters the index `live` and leaves it in the same write that begins or ends its session.
 */
export const toSessionItem = ({ record, writeId }: WrittenRecord): Item => {
  const isLive = record.state === 'provisioning' || record.state === 'ready';
  return toItem({
    ...record,
    write_id: writeId,
    [shardKey]: isLive ? liveShard(record.session_id) : undefined,
  });
};

/**
 * All attributes that `toSessionItem` may write: an update removes those that the next state does
 * not have, and no others.
 */
export const rowAttributes: ReadonlySet<string> = new Set([
  ...sessionRecordSchema.options.flatMap(({ shape }) => Object.keys(shape)),
  'write_id',
  shardKey,
]);

/** @throws SessionStoreCorruptError */
export const fromSessionItem = (item: Item): WrittenRecord => {
  const { write_id: writeId, [shardKey]: _shard, ...row } = item;
  return { record: parseItem(sessionRecordSchema, row), writeId: writeId?.S };
};
