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
