import { type SessionRecord, sessionRecordSchema } from '@steppe/contracts/session-record';
import { type Item, toItem } from './attribute-values.ts';
import { parseItem } from './parse-item.ts';

/**
 * A row and the id of the write that made it. A retry of the SDK whose first attempt did arrive fails on its own condition: the
 * id tells that from a lost race.
 */
export interface WrittenRecord {
  record: SessionRecord;
  writeId: string | undefined;
}

export const toSessionItem = ({ record, writeId }: WrittenRecord): Item => toItem({ ...record, write_id: writeId });

/** Throws `RouteStoreCorrupt`. */
export const fromSessionItem = (item: Item): WrittenRecord => {
  const { write_id: writeId, ...row } = item;
  return { record: parseItem(sessionRecordSchema, row), writeId: writeId?.S };
};
