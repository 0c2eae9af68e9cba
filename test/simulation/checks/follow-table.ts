import type { SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { storedKeySchema } from '@steppe/session-store/dynamodb/idempotency-keys';
import { idempotencyPrefix, liveSetPrefix } from '@steppe/session-store/dynamodb/item-keys';
import { type Item, parseItem } from '@steppe/session-store/dynamodb/items';
import { liveSetSchema } from '@steppe/session-store/dynamodb/quota';
import { fromSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';
import type { History } from '../history/history.ts';
import type { TableView } from '../history/world-view.ts';

/** Called with every write of the table. */
export type WriteListener = (
  key: string,
  before: Item | undefined,
  after: Item | undefined,
) => void;

/** Keeps the table's contents in the form in which the product reads them, and records ends. */
export function followTable(
  history: History,
  onWrite: (listener: WriteListener) => void,
): TableView {
  const rows = new Map<string, SessionRecord>();
  const liveSets = new Map<string, readonly string[]>();
  const keys = new Map<string, SessionId>();
  const readItem = (key: string, item: Item) => {
    if (key.startsWith(liveSetPrefix))
      liveSets.set(key.slice(liveSetPrefix.length), parseItem(liveSetSchema, item).ids);
    else if (key.startsWith(idempotencyPrefix))
      keys.set(key, parseItem(storedKeySchema, item).item.session_id);
    else if (key.startsWith('ses_')) writeRow(history, rows, fromSessionItem(item).record);
  };
  onWrite((key, _before, after) => {
    if (!after) {
      for (const items of [rows, keys]) items.delete(key);
      liveSets.delete(key.slice(liveSetPrefix.length));
      return;
    }
    try {
      readItem(key, after);
    } catch (error) {
      history.violate('row-valid', `${key} was written as an item that cannot be read: ${error}`);
    }
  });
  return { rows, liveSets, keys };
}

function writeRow(history: History, rows: Map<string, SessionRecord>, row: SessionRecord): void {
  const { session_id: id, state } = row;
  const before = rows.get(id)?.state;
  rows.set(id, row);
  if (row.instance_id) history.instances.set(id, row.instance_id);
  if (state === before) return;
  const reason = 'end_reason' in row ? `: ${row.end_reason} ${row.end_detail ?? ''}` : '';
  history.tell('table', `${id} is ${state}${reason}`);
  if (state === 'ended' || state === 'failed') history.terminalRows.push(row);
}
