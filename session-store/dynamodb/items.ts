import type * as z from 'zod';
import { SessionStoreCorruptError } from '../errors.ts';
import { fromItem, type Item } from './attribute-values.ts';
import { sessionsTable } from './key-schema.ts';

/** Throws `SessionStoreCorruptError` with the item's key. */
export const parseItem = <Output>(schema: z.ZodType<Output>, item: Item): Output => {
  const parsed = schema.safeParse(fromItem(item));
  if (!parsed.success) throw new SessionStoreCorruptError(itemKey(item), { cause: parsed.error });
  return parsed.data;
};

/**
 * What `read` gives, or why an item cannot be read: for whoever reads many, of which one must not
 * hide the others.
 */
export const orCorrupt = <T>(read: () => T): T | SessionStoreCorruptError => {
  try {
    return read();
  } catch (error) {
    if (error instanceof SessionStoreCorruptError) return error;
    throw error;
  }
};

export const itemKey = (item: Item): string => item[sessionsTable.partitionKey]?.S ?? '';
