import { sessionIdSchema } from '@steppe/contracts/ids';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
} from '@steppe/session-store/conformance/session-records';
import { idempotencyKey, leaseKey, liveSetKey } from '@steppe/session-store/dynamodb/item-keys';
import { type Item, toItem } from '@steppe/session-store/dynamodb/items';
import { toSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';
import { expect, test } from 'vitest';
import { createHistory } from '../history/history.ts';
import { Kernel } from '../kernel/kernel.ts';
import { watchWrites } from './watch-writes.ts';

const nowMs = 1_800_000_000_000;
const tenantId = newTenantId();

const watch = (
  quota = 1,
  { history = createHistory(new Kernel({ seed: 1 })), hasPod = false } = {},
) => {
  const items = new Map<string, Item>();
  const found: string[] = [];
  let listener = (_key: string, _before: Item | undefined, _after: Item | undefined) => {};
  watchWrites({
    table: {
      onWrite: (given) => {
        listener = given;
      },
    },
    nowMs: () => nowMs,
    quota,
    provisioningMs: 30_000,
    instanceEnds: history.instanceEnds,
    hasPod: () => hasPod,
    wasCalm: history.wasCalm,
    violate: (rule, what) => found.push(`${rule}: ${what}`),
  });
  const write = (key: string, item: Item | undefined) => {
    listener(key, items.get(key), item);
    if (item) items.set(key, item);
    else items.delete(key);
  };
  return {
    found,
    write,
    row: (record: Parameters<typeof toSessionItem>[0]['record']) =>
      write(record.session_id, toSessionItem({ record, writeId: 'write' })),
    count: (...ids: string[]) => {
      const key = liveSetKey(tenantId);
      write(key, ids.length ? toItem({ session_id: key, ids: new Set(ids) }) : undefined);
    },
  };
};

const one = provisioningRecord({ tenant_id: tenantId });
const other = provisioningRecord({ tenant_id: tenantId });

test('accepts rows that are counted, until they are terminal', () => {
  const { found, row, count } = watch();
  count(one.session_id);
  row(one);
  row({ ...endedRecord(one), version: 2 });
  count();
  count(other.session_id);
  row(other);
  expect(found).toEqual([]);
});

test('finds more live rows than the quota', () => {
  const { found, row, count } = watch();
  count(one.session_id, other.session_id);
  row(one);
  row(other);
  expect(found).toEqual([`quota-exact: ${tenantId} has 2 live rows of 1`]);
});

test('finds a row without a place in the quota, and a live one that leaves it', () => {
  const { found, row, count } = watch(2);
  row(one);
  count(one.session_id, other.session_id);
  row(other);
  count(one.session_id);
  expect(found).toEqual([
    expect.stringContaining(`quota-exact: ${one.session_id} gets its row without a place`),
    expect.stringContaining(`quota-exact: ${other.session_id} is live and leaves the quota`),
  ]);
});

test('finds a session that failed as too late before its time had passed', () => {
  const { found, row } = watch();
  const fail = (record: typeof one, ended_at: string) =>
    row({
      ...endedRecord(record),
      state: 'failed',
      end_reason: 'provisioning_timeout',
      ended_at,
    });
  fail(one, '2026-11-23T12:00:30.000Z');
  fail(other, '2026-11-23T12:00:29.000Z');
  expect(found).toEqual([`end-reason-true: ${other.session_id} is too late after 29000 ms`]);
});

test('finds a row without the end of its instance, whose pod tells it', () => {
  const foundWith = ({
    hasPod = true,
    endedMs = 20_000,
    end_detail = 'not ready within 30000 ms',
  } = {}) => {
    const history = createHistory(new Kernel({ seed: 1 }));
    const instance_id = newInstanceId();
    history.instanceEnds.set(instance_id, { reason: 'oom_killed', atMs: nowMs - endedMs });
    const { found, row } = watch(1, { history, hasPod });
    row({ ...endedRecord(one), instance_id, end_detail });
    return found;
  };
  expect(foundWith({})).toEqual([expect.stringContaining('its pod tells oom_killed')]);
  expect(foundWith({ hasPod: false })).toEqual([]);
  expect(foundWith({ endedMs: 5_000 })).toEqual([]);
  expect(foundWith({ end_detail: 'out of memory' })).toEqual([]);
});

test('finds a row that breaks its rules, or cannot be read', () => {
  const { found, row, write, count } = watch();
  row(endedRecord(one));
  row({ ...endedRecord(one), version: 2 });
  count('not a session');
  write(other.session_id, { session_id: { S: other.session_id }, state: { S: 'new' } });
  expect(found).toEqual([
    expect.stringContaining('row-valid: ses_'),
    expect.stringContaining(`row-valid: ${liveSetKey(tenantId)} cannot be read`),
    expect.stringContaining(`row-valid: ${other.session_id} cannot be read`),
  ]);
});

test('finds a key that is given to another session before it expires', () => {
  const key = idempotencyKey(tenantId, 'key');
  const keyFor = (id: string, expires: number) =>
    toItem({
      session_id: key,
      stands_for: sessionIdSchema.parse(id),
      body_hash: '',
      purge_at: expires,
      write_id: 'write',
    });
  const { found, write } = watch();
  write(key, keyFor(one.session_id, nowMs / 1000));
  write(key, keyFor(other.session_id, nowMs / 1000 + 1));
  write(key, undefined);
  write(key, keyFor(one.session_id, nowMs / 1000 + 1));
  expect(found).toEqual([]);
  write(key, keyFor(other.session_id, nowMs / 1000 + 1));
  expect(found).toEqual([expect.stringContaining(`key-one-session: ${key}`)]);
});

test('finds a lease with another holder before it expires', () => {
  const key = leaseKey('reconciler');
  const leaseOf = (holder: string, expiresMs: number) =>
    toItem({ session_id: key, holder, expires_at_ms: expiresMs });
  const { found, write } = watch();
  write(key, leaseOf('first', nowMs + 1));
  write(key, leaseOf('first', nowMs));
  write(key, leaseOf('second', nowMs + 10));
  expect(found).toEqual([]);
  write(key, leaseOf('first', nowMs + 20));
  expect(found).toEqual([
    'lease-exclusive: lease#reconciler has another holder 10 ms before it expires',
  ]);
});
