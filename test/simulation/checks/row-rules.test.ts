import type { SessionRecord } from '@steppe/contracts/session-record';
import {
  endedRecord,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { toSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';
import { expect, test } from 'vitest';
import { rowViolations } from './row-rules.ts';

const named = { ...provisioningRecord(), instance_id: readyRecord().instance_id };
const ready: SessionRecord = { ...readyRecord(named), instance_id: named.instance_id, version: 2 };
const ended: SessionRecord = {
  ...endedRecord(named),
  instance_id: named.instance_id,
  ready_at: '2026-11-23T12:00:01.000Z',
  version: 3,
};

const itemOf = (record: SessionRecord) => toSessionItem({ record, writeId: 'write' });
const violations = (before: SessionRecord | undefined, after: SessionRecord) =>
  rowViolations(before && itemOf(before), itemOf(after));

test('accepts the life of a session, and a create that is rolled back before its row exists', () => {
  const patched = { ...ready, metadata: { new: 'yes' }, version: 3 };
  for (const rows of [
    [named, ready, ended],
    [ready, patched, { ...ended, metadata: patched.metadata, version: 4 }],
    [named, { ...endedRecord(named), instance_id: named.instance_id, version: 2 }],
  ])
    for (const [at, row] of rows.entries())
      if (at > 0) expect(violations(rows[at - 1], row)).toEqual([]);
  expect(violations(undefined, provisioningRecord())).toEqual([]);
  expect(violations(undefined, endedRecord())).toEqual([]);
});

test.each([
  ['is removed', ended, undefined],
  ['was ended and is written as ended', ended, { ...ended, version: 4 }],
  ['was ready and is written as provisioning', ready, { ...named, version: 3 }],
  ['was absent and is written as ready', undefined, { ...ready, version: 1 }],
  ['goes from version 2 to 2', ready, { ...ready, version: 2 }],
  ['goes from version 0 to 2', undefined, { ...named, version: 2 }],
  ['another tenant_id', ready, { ...ready, tenant_id: provisioningRecord().tenant_id, version: 3 }],
  ['another address', ready, { ...ready, address: 'http://10.0.0.8:8080', version: 3 }],
  ['another instance_id', ready, { ...ended, instance_id: readyRecord().instance_id }],
  ['another instance_id', named, { ...readyRecord(named), version: 2 }],
  ['another metadata', named, { ...ready, metadata: { new: 'yes' } }],
  ['times in disorder', ready, { ...ended, ended_at: '2026-11-23T12:00:00.500Z' }],
  ['before its retention', ready, { ...ended, purge_at: Date.parse(ended.ended_at) / 1000 + 60 }],
] as const)('finds a row that %s', (what, before, after) => {
  const found = rowViolations(before && itemOf(before), after && itemOf(after));
  expect(found).toEqual([expect.stringContaining(what)]);
});

test('finds attributes that a row in its state does not have, or lacks', () => {
  const item = itemOf(ended);
  const { live_shard: shard } = itemOf(ready);
  if (!shard) throw new Error('a live row is in the index');
  expect(rowViolations(itemOf(ready), { ...item, live_shard: shard })).toHaveLength(1);
  expect(rowViolations(itemOf(ready), { ...item, address: { S: 'http://10.0.0.7' } })).toEqual([
    'has other attributes than a row that is ended',
  ]);
  const { live_shard: _, ...withoutShard } = itemOf(ready);
  expect(rowViolations(itemOf(named), withoutShard)).toHaveLength(1);
});
