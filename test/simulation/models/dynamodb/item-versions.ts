import type { Item } from '@steppe/session-store/dynamodb/items';
import db from 'dynalite/db/index.js';
import { overWire, type TableDescription } from './run-operation.ts';

export interface IndexEntry {
  /** Sorts as the index does. */
  key: string;
  /** What the index projects. */
  item: Item;
}

interface Version {
  atMs: number;
  /** Undefined: deleted. */
  item: Item | undefined;
  entries: ReadonlyMap<string, IndexEntry>;
}

export interface ItemVersions {
  newest(key: string): Item | undefined;
  /** The item as it was at that time. */
  asOf(key: string, atMs: number): Item | undefined;
  write(key: string, item: Item | undefined, nowMs: number): void;
  /** The index with each item as it was at the time that `atMsOf` gives for that item. */
  index(name: string, atMsOf: () => number): IndexEntry[];
  items(): Item[];
}

/** All items of a table, with the versions of the last `keptMs` at least. */
export function createItemVersions(table: TableDescription, keptMs: number): ItemVersions {
  const versions = new Map<string, Version[]>();
  const newest = (key: string) => versions.get(key)?.at(-1)?.item;
  return {
    newest,
    asOf: (key, atMs) => versionAt(versions.get(key) ?? [], atMs)?.item,
    write(key, item, nowMs) {
      const list = versions.get(key) ?? [];
      list.push({ atMs: nowMs, item, entries: entriesOf(table, item) });
      while ((list[1]?.atMs ?? nowMs) < nowMs - keptMs) list.shift();
      versions.set(key, list);
    },
    index: (name, atMsOf) =>
      [...versions.values()].flatMap((list) => {
        const [only] = list;
        // A time is only drawn for an item that has changed lately.
        const version = list.length === 1 && only ? only : versionAt(list, atMsOf());
        return version?.entries.get(name) ?? [];
      }),
    items: () => [...versions.keys()].map(newest).filter((item) => item !== undefined),
  };
}

const versionAt = (list: readonly Version[], atMs: number): Version | undefined =>
  list.findLast((version) => version.atMs <= atMs);

const entriesOf = (table: TableDescription, item: Item | undefined): Version['entries'] => {
  if (item === undefined) return new Map();
  const { puts } = db.getIndexActions(table.GlobalSecondaryIndexes, undefined, item, table);
  return new Map(puts.map((put) => [put.index, { key: put.key, item: overWire(put.item) }]));
};
