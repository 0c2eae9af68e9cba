import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId, readyRecord } from '@steppe/session-store/conformance/session-records';
import type { SweptItem } from '@steppe/session-store/ports';
import { expect, test } from 'vitest';
import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import { observe } from './observe.ts';

const sourcesOf = (items: SweptItem[], instances: ListedInstance[]) => ({
  store: {
    async *sweep() {
      yield* items;
    },
  },
  provisioner: { list: async () => instances },
});
const base = () => ({
  instanceId: newInstanceId(),
  runtime: 'python',
  version: 'v1',
  createdAtMs: 0,
});
const address = 'http://127.0.0.1:1';
const neverAborted = new AbortController().signal;

test('joins a session with its row, its quotas and its instances', async () => {
  const row = readyRecord();
  const { session_id: sessionId } = row;
  // One instance that only the row names, one that names the session while it starts, and one that
  // has started.
  const named: ListedInstance = { ...base(), instanceId: row.instance_id, state: 'warm', address };
  const starting: ListedInstance = { ...base(), state: 'starting', sessionId };
  const claimed: ListedInstance = { ...base(), state: 'claimed', sessionId, address };
  const tenantId = newTenantId();
  const items: SweptItem[] = [
    { kind: 'session', entry: row },
    { kind: 'live_set', tenantId, sessionIds: [sessionId] },
  ];
  const { sessions, pooled } = await observe(
    sourcesOf(items, [named, starting, claimed]),
    neverAborted,
  );
  expect(sessions).toEqual([
    { sessionId, row, instances: [named, starting, claimed], reservedBy: [tenantId] },
  ]);
  expect(pooled).toEqual([]);
});

test('returns instances without a session, and sessions with only an instance', async () => {
  const sessionId = newSessionId();
  const [warm, starting]: ListedInstance[] = [
    { ...base(), state: 'warm', address },
    { ...base(), state: 'starting' },
  ];
  const stray: ListedInstance = { ...base(), state: 'claimed', sessionId, address };
  const instances = [warm, starting, stray].filter((instance) => instance !== undefined);
  const { sessions, pooled } = await observe(sourcesOf([], instances), neverAborted);
  expect(sessions).toEqual([{ sessionId, row: null, instances: [stray], reservedBy: [] }]);
  expect(pooled).toEqual([warm, starting]);
});

test('lets other work run while it joins many sessions', async () => {
  const rows = Array.from({ length: 2_000 }, () => readyRecord());
  const items = rows.map((entry): SweptItem => ({ kind: 'session', entry }));
  const instances = rows.map(
    ({ instance_id, session_id: sessionId }): ListedInstance => ({
      ...base(),
      instanceId: instance_id,
      state: 'claimed',
      sessionId,
      address,
    }),
  );
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const { sessions } = await observe(sourcesOf(items, instances), neverAborted);
  isOver = true;
  expect(sessions).toHaveLength(2_000);
  // Each of its three walks over 2 000 objects has four parts.
  expect(turns).toBeGreaterThanOrEqual(12);
});
