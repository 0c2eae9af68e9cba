import type { SessionRecord } from '@steppe/contracts/session-record';
import { liveSetPrefix } from '../../../session-store/dynamodb/item-keys.ts';
import { type Item, parseItem } from '../../../session-store/dynamodb/items.ts';
import { liveSetSchema } from '../../../session-store/dynamodb/quota.ts';
import { fromSessionItem } from '../../../session-store/dynamodb/rows/session-item.ts';
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
  const keys = new Map<string, string>();
  const readItem = (key: string, item: Item) => {
    if (key.startsWith(liveSetPrefix))
      liveSets.set(key.slice(liveSetPrefix.length), parseItem(liveSetSchema, item).ids);
    else if (item.stands_for?.S) keys.set(key, item.stands_for.S);
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
  if (state === before) return;
  const reason = 'end_reason' in row ? `: ${row.end_reason} ${row.end_detail ?? ''}` : '';
  history.tell('table', `${id} is ${state}${reason}`);
  if (state === 'ended' || state === 'failed') history.terminalRows.push(row);
}
