import { Stream } from 'node:stream';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item } from '@steppe/session-store/dynamodb/items';
import deleteItem from 'dynalite/actions/deleteItem.js';
import getItem from 'dynalite/actions/getItem.js';
import putItem from 'dynalite/actions/putItem.js';
import query from 'dynalite/actions/query.js';
import updateItem from 'dynalite/actions/updateItem.js';
import deleteItemRules from 'dynalite/validations/deleteItem.js';
import getItemRules from 'dynalite/validations/getItem.js';
import validations from 'dynalite/validations/index.js';
import putItemRules from 'dynalite/validations/putItem.js';
import queryRules from 'dynalite/validations/query.js';
import updateItemRules from 'dynalite/validations/updateItem.js';
import type { IndexEntry } from './item-versions.ts';

export type TableDescription = CreateTableCommandInput;

/** The operations that plane-actions.ts allows to our services. */
const operations = {
  GetItem: { act: getItem, ...getItemRules },
  PutItem: { act: putItem, ...putItemRules },
  UpdateItem: { act: updateItem, ...updateItemRules },
  DeleteItem: { act: deleteItem, ...deleteItemRules },
  Query: { act: query, ...queryRules },
};
export type Operation = keyof typeof operations;

/** The items as one operation sees them. Keys are dynalite's. */
export interface TableView {
  table: TableDescription;
  get(key: string): Item | undefined;
  write(key: string, item: Item | undefined): void;
  index(name: string): IndexEntry[];
}

export type OperationResult = { response: object } | { error: unknown };

/**
 * Executes one request as DynamoDB does. dynalite's own validation, expressions and actions work on
 * the view, without its server and its LevelDB: at once, and with the semantics that the adapter's
 * conformance suite holds in local mode.
 */
export function runOperation(
  view: TableView,
  operation: Operation,
  input: object,
): OperationResult {
  const { act, types, custom } = operations[operation];
  const { store, emitEntries } = createStore(view);
  let result: OperationResult | undefined;
  try {
    const data = validations.checkTypes(overWire(input), types);
    validations.checkValidations(data, types, custom, store);
    act(store, data, (error, response) => {
      result = error ? { error } : { response: overWire(response ?? {}) };
    });
    emitEntries();
  } catch (error) {
    return { error };
  }
  if (result === undefined) throw new Error(`${operation} has not ended at once`);
  return result;
}

/** A copy without undefined fields: nobody shares an object with the table. */
export const overWire = <T extends object>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

type Done<T = void> = (error?: unknown, result?: T) => void;

interface KeyRange {
  gt?: string;
  gte?: string;
  lt?: string;
  lte?: string;
  reverse: boolean;
  /** Below 0: no limit. */
  limit: number;
}

/** The interface that dynalite's actions expect of their LevelDB. */
function createStore(view: TableView) {
  let emitEntries = () => {};
  const itemDb = {
    lock: (_key: string, act: (release: (done: Done) => Done) => void) => act((done) => done),
    get(key: string, done: Done<Item>) {
      const item = view.get(key);
      if (item) done(null, item);
      else done(Object.assign(new Error('not found'), { name: 'NotFoundError' }));
    },
    put(key: string, item: Item, done: Done) {
      view.write(key, overWire(item));
      done();
    },
    del(key: string, done: Done) {
      view.write(key, undefined);
      done();
    },
  };
  const indexDb = (name: string) => ({
    // The indexes follow from the items.
    put: (_key: string, _item: Item, done: Done) => done(),
    del: (_key: string, done: Done) => done(),
    createValueStream(range: KeyRange) {
      const stream = new Stream();
      emitEntries = () => {
        for (const { item } of entriesWithin(view.index(name), range)) stream.emit('data', item);
        stream.emit('end');
      };
      return stream;
    },
  });
  const store = {
    options: { maxItemSize: 400 * 1024 },
    getTable: (_name: string, done: Done<TableDescription>) => done(null, view.table),
    getItemDb: () => itemDb,
    getIndexDb: (_type: string, _table: string, name: string) => indexDb(name),
  };
  return { store, emitEntries: () => emitEntries() };
}

const entriesWithin = (entries: readonly IndexEntry[], range: KeyRange): IndexEntry[] => {
  const { gt, gte, lt, lte, reverse, limit } = range;
  const found = entries
    .filter(({ key }) => (gt === undefined || key > gt) && (gte === undefined || key >= gte))
    .filter(({ key }) => (lt === undefined || key < lt) && (lte === undefined || key <= lte))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  if (reverse) found.reverse();
  return limit < 0 ? found : found.slice(0, limit);
};
