import type { DynamoDbSender } from '@steppe/session-store/dynamodb/call';
import { tableInput } from '@steppe/session-store/dynamodb/ensure-table';
import { type Item, itemKey } from '@steppe/session-store/dynamodb/items';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import type { Kernel } from '../../kernel/kernel.ts';
import { createItemVersions } from './item-versions.ts';
import { runOperation, type TableView } from './run-operation.ts';
import { createSender, type SenderOptions } from './sender.ts';

type OnWrite = (key: string, before: Item | undefined, after: Item | undefined) => void;

export interface TableModelOptions extends Omit<SenderOptions, 'execute'> {
  /** How old an eventually consistent read may be, of the table and of its indexes. */
  staleMs: number;
}

export interface TableModel {
  /** For any number of processes: a request belongs to the process that sends it. */
  sender: DynamoDbSender;
  /** All items, as last written. */
  rows(): Item[];
  /** Tells of every write at once, with the item before and after it. */
  onWrite(listener: OnWrite): void;
}

/** The product's table with its indexes, in one account without an end of its throughput. */
export function createTableModel(kernel: Kernel, options: TableModelOptions): TableModel {
  const { staleMs } = options;
  const table = tableInput(sessionsTable.defaultName);
  const versions = createItemVersions(table, staleMs);
  const ages = kernel.random('dynamodb ages');
  const listeners: OnWrite[] = [];
  const write = (key: string, item: Item | undefined) => {
    const before = versions.newest(key);
    versions.write(key, item, kernel.nowMs);
    const name = itemKey(item ?? before ?? {});
    kernel.trace(`write ${name} ${JSON.stringify(item)}`);
    for (const listener of listeners) listener(name, before, item);
  };
  // Two reads have two ages, so that a later read may see less than an earlier one.
  const staleTime = () => (staleMs > 0 ? kernel.nowMs - ages.between(0, staleMs) : kernel.nowMs);
  const consistent: TableView = {
    table,
    get: versions.newest,
    write,
    index: (name) => versions.index(name, staleTime),
  };
  const stale: TableView = { ...consistent, get: (key) => versions.asOf(key, staleTime()) };
  return {
    sender: createSender(kernel, {
      ...options,
      execute: ({ operation, input }) => {
        const isStale = operation === 'GetItem' && input.ConsistentRead !== true;
        return runOperation(isStale ? stale : consistent, operation, input);
      },
    }),
    rows: versions.items,
    onWrite: (listener) => listeners.push(listener),
  };
}
