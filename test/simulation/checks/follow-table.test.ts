import { createIds, tenantIdSchema } from '@steppe/contracts/ids';
import { liveSetKey } from '@steppe/session-store/dynamodb/item-keys';
import { type Item, toItem } from '@steppe/session-store/dynamodb/items';
import { toSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';
import { expect, test } from 'vitest';
import { createHistory } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { createSimulatedClock } from '../kernel/simulated-clock.ts';
import { makeRow } from '../testing/make-row.ts';
import { followTable, type WriteListener } from './follow-table.ts';

const kernel = new Kernel({ seed: 1 });
const ids = createIds(createSimulatedClock(kernel));

function openTable() {
  const history = createHistory(kernel);
  const listeners: WriteListener[] = [];
  const view = followTable(history, (listener) => listeners.push(listener));
  const write = (key: string, after: Item | undefined) => {
    for (const listener of listeners) listener(key, undefined, after);
  };
  return { history, view, write };
}

test('has what the table has, and records each end once', () => {
  const { history, view, write } = openTable();
  const row = makeRow(kernel.nowMs, { state: 'ready' });
  const { session_id: id } = row;
  const tenant = tenantIdSchema.parse('acme');
  const rowItem = (record: typeof row) => toSessionItem({ record, writeId: ids.uuid() });
  write(id, rowItem(row));
  write(liveSetKey(tenant), toItem({ session_id: liveSetKey(tenant), ids: new Set([id]) }));
  const key = {
    session_id: 'idempotency#1',
    stands_for: id,
    body_hash: '',
    purge_at: 1_900_000_000,
    write_id: ids.uuid(),
  };
  write('idempotency#1', toItem(key));
  expect(view.rows.get(id)).toEqual(row);
  expect(view.liveSets.get(tenant)).toEqual([id]);
  expect(view.keys.get('idempotency#1')).toBe(id);
  expect(history.terminalRows).toEqual([]);
  const ended = makeRow(kernel.nowMs, { ...row, state: 'ended' });
  for (let times = 0; times < 2; times += 1) write(id, rowItem(ended));
  expect(history.terminalRows).toEqual([ended]);
  for (const key of [id, liveSetKey(tenant), 'idempotency#1']) write(key, undefined);
  expect([view.rows.size, view.liveSets.size, view.keys.size]).toEqual([0, 0, 0]);
  expect(history.violations).toEqual([]);
});

test('reports an item that cannot be read', () => {
  const { history, write } = openTable();
  write('ses_1', toItem({ session_id: 'ses_1', state: 'lost' }));
  expect(history.violations).toMatchObject([{ rule: 'row-valid' }]);
});
