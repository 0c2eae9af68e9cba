import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type * as z from 'zod';
import { SessionStoreCorruptError } from '../errors.ts';
import { sessionsTable } from './key-schema.ts';

export type Item = Record<string, AttributeValue>;

/** Values of items: a set of strings becomes a string set, and an absent field is left out. */
type Field = string | number | ReadonlySet<string> | { readonly [key: string]: Field | undefined };

export const toItem = (fields: { readonly [key: string]: Field | undefined }): Item =>
  marshall(fields, { removeUndefinedValues: true });

/** @throws SessionStoreCorruptError with the item's key, if the item does not match the schema. */
export const parseItem = <Output>(schema: z.ZodType<Output>, item: Item): Output => {
  const parsed = schema.safeParse(fromItem(item));
  if (!parsed.success) throw new SessionStoreCorruptError(itemKey(item), { cause: parsed.error });
  return parsed.data;
};

const fromItem = (item: Item): Record<string, unknown> => {
  try {
    // With wrapped numbers, the schema refuses a number that is too large to be exact.
    return unmarshall(item, { wrapNumbers: Number });
  } catch (cause) {
    throw new SessionStoreCorruptError(itemKey(item), { cause });
  }
};

/**
 * Returns the result of `read`, or the error of an item that cannot be read: for callers that read
 * many items, so that a corrupt item does not hide the others.
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
