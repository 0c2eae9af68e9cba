import { newSessionId } from '@steppe/contracts/ids';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { endedRecord, newTenantId, provisioningRecord, readyRecord } from '@steppe/route-store/conformance/session-records';
import { startDynalite } from '@steppe/route-store/dynalite/start-dynalite';
import { forward, startDynamoDbProxy } from '@steppe/route-store/testing/dynamodb-proxy';
import { startStaleDynamoDb } from '@steppe/route-store/testing/stale-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtInRuntimes } from '../runtimes/built-in-runtimes.ts';
import { findRuntime } from '../runtimes/find-runtime.ts';
import { runtimeVersion } from '../runtimes/runtime-version.ts';
import { type ReconcilerBed, startTables, type Tables, testRules } from '../testing/reconciler-bed.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

const runtime = findRuntime(builtInRuntimes(1), 'python');
const at = (ms: number) => new Date(ms).toISOString();
/** Longer than a create may take, shorter than the lag of the index. */
const whileMs = testRules.provisioningMs + testRules.graceMs + 1;
const lagMs = 4 * whileMs;
const dayMs = 86_400_000;

const makeBed = (bed: ReconcilerBed) => {
  const provisioning = (): SessionRecord =>
    provisioningRecord({
      session_id: newSessionId(bed.clock.nowMs),
      created_at: at(bed.clock.nowMs),
      expires_at: at(bed.clock.nowMs + dayMs),
    });
  /** The row as it is with an instance of its own. */
  const withInstance = async (row: SessionRecord): Promise<ReadyRecord> => {
    const { instanceId, address } = await bed.place.open().start({
      runtime,
      resources: runtime.default_resources,
      version: runtimeVersion(runtime),
      sessionId: row.session_id,
      signal: new AbortController().signal,
    });
    return { ...readyRecord(row), instance_id: instanceId, address, ready_at: at(bed.clock.nowMs) };
  };
  const ended = (row: SessionRecord): SessionRecord => ({ ...endedRecord(row), ended_at: at(bed.clock.nowMs) });
  const count = (row: SessionRecord) => bed.store.addLive(row.tenant_id, row.session_id, 50);
  const acts: string[] = [];
  const reconcilerMetrics: ReconcilerMetrics = {
    observed: () => {},
    acted: ({ kind, because }, outcome) => acts.push(`${kind} ${because} ${outcome}`),
    passed: () => {},
    stoodBy: () => {},
  };
  return {
    provisioning,
    withInstance,
    ended,
    count,
    later: (ms: number) => {
      bed.clock.nowMs += ms;
    },
    rowOf: (row: SessionRecord) => bed.store.get(row.session_id, { consistent: true }),
    /** What one pass does. */
    pass: async () => {
      acts.length = 0;
      expect(await bed.pass({ reconcilerMetrics })).toBe('complete');
      return [...acts];
    },
  };
};

describe('where the index is far behind the table', () => {
  let tables: Tables;
  let bed: ReconcilerBed;
  beforeAll(async () => {
    tables = await startTables((now) => startStaleDynamoDb({ lagMs, now }));
  });
  beforeEach(async () => {
    bed = await tables.openBed();
  });
  afterAll(() => tables.close());

  it('keeps the instance and the place of a session that the index does not have yet', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = makeBed(bed);
    const row = provisioning();
    await count(row);
    later(lagMs - whileMs);
    const live = await withInstance(row);
    await bed.store.create(live);
    // The set is seen by now, with an id that is old enough and without a row.
    later(whileMs);
    expect(await pass()).toEqual(['index_row not_indexed done']);
    expect(await rowOf(live)).toEqual({ ...live, version: 2 });
    expect(bed.place.living()).toMatchObject([{ instanceId: live.instance_id }]);
    expect(await bed.store.listLive(live.tenant_id)).toEqual([live.session_id]);
    later(lagMs);
    expect(await pass()).toEqual([]);
  });

  it('leaves a session alone that became ready since', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = makeBed(bed);
    const row = provisioning();
    await Promise.all([bed.store.create(row), count(row)]);
    later(lagMs);
    const live = await withInstance(row);
    await bed.store.update(live, 1);
    expect(await pass()).toEqual([]);
    expect(await rowOf(live)).toEqual({ ...live, version: 2 });
    expect(bed.place.living()).toHaveLength(1);
  });

  it('leaves a session alone that moved to another instance since', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = makeBed(bed);
    const row = await withInstance(provisioning());
    await Promise.all([bed.store.create(row), count(row)]);
    later(lagMs);
    await bed.place.open().end(row.instance_id);
    const moved = await withInstance(row);
    await bed.store.update(moved, 1);
    expect(await pass()).toEqual([]);
    expect(await rowOf(moved)).toEqual({ ...moved, version: 2 });
    expect(bed.place.living()).toMatchObject([{ instanceId: moved.instance_id }]);
  });

  it('does not end again what ended since, and clears up after it', async () => {
    const { provisioning, withInstance, ended, count, later, pass, rowOf } = makeBed(bed);
    const row = await withInstance(provisioning());
    await Promise.all([bed.store.create(row), count(row)]);
    later(lagMs);
    const over = ended(row);
    await bed.store.update(over, 1);
    later(lagMs - 1);
    expect(await pass()).toEqual([]);
    bed.place.kill(row.instance_id, { reason: 'crashed' });
    expect(await pass()).toEqual(['uncount row_over done']);
    expect(await rowOf(row)).toEqual({ ...over, version: 2 });
  });

  it('counts nobody twice, and nobody who ended since', async () => {
    const { provisioning, withInstance, count, later, pass } = makeBed(bed);
    const row = await withInstance(provisioning());
    await bed.store.create(row);
    later(lagMs);
    await count(row);
    expect(await pass()).toEqual(['count not_counted moot']);
    expect(await bed.store.listLive(row.tenant_id)).toEqual([row.session_id]);
  });
});

describe('what the store is asked for', () => {
  const reads: { operation: string; isConsistent: boolean; index: string | undefined }[] = [];
  let tables: Tables;
  beforeAll(async () => {
    tables = await startTables(async () => {
      const dynalite = await startDynalite();
      const proxy = await startDynamoDbProxy((request) => {
        const { operation, body } = request;
        const index = typeof body.IndexName === 'string' ? body.IndexName : undefined;
        reads.push({ operation, isConsistent: body.ConsistentRead === true, index });
        return forward(dynalite.endpoint, request);
      });
      const close = async () => {
        await proxy.close();
        await dynalite.close();
      };
      return { endpoint: proxy.endpoint, tableName: dynalite.tableName, close };
    });
  });
  afterAll(() => tables.close());

  it('never scans the table, and reads a row consistently before it acts on it', async () => {
    const bed = await tables.openBed();
    const { provisioning, withInstance, ended, count, later, pass } = makeBed(bed);
    const [gone, stray, over] = [await withInstance(provisioning()), provisioning(), provisioning()];
    await Promise.all([bed.store.create(gone), count(gone)]);
    bed.place.kill(gone.instance_id, { reason: 'idle' });
    await withInstance(stray);
    await Promise.all([bed.store.create(ended(over)), count(over)]);
    await bed.store.create(await withInstance(provisioning()));
    await bed.store.addLive(newTenantId(), newSessionId(bed.clock.nowMs), 1);
    later(whileMs);
    reads.length = 0;
    expect((await pass()).toSorted()).toEqual([
      'count not_counted done',
      'end_instance no_row done',
      'end_row instance_gone done',
      'uncount no_row done',
      'uncount row_over done',
    ]);
    const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
    const made = reads.filter(({ operation }) => !writes.has(operation));
    expect(new Set(made.map(({ operation }) => operation))).toEqual(new Set(['Query', 'GetItem']));
    expect(new Set(made.flatMap(({ index }) => index ?? []))).toEqual(new Set(['live']));
    expect(made.filter(({ operation, isConsistent }) => operation === 'GetItem' && !isConsistent)).toEqual([]);
  });
});
