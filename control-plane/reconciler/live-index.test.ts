import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { forward, startDynamoDbProxy } from '@steppe/session-store/testing/dynamodb-proxy';
import { startStaleDynamoDb } from '@steppe/session-store/testing/stale-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ReconcilerFixture,
  startTables,
  type Tables,
  testRules,
} from '../testing/reconciler-fixture.ts';
import { pythonRuntime } from '../testing/session-runtimes.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

const runtime = pythonRuntime(1);
const at = (ms: number) => new Date(ms).toISOString();
/** Longer than a create may take, and shorter than the lag of the index. */
const whileMs = testRules.provisioningMs + testRules.graceMs + 1;
const lagMs = 4 * whileMs;
const dayMs = 86_400_000;

const createScenario = (fixture: ReconcilerFixture) => {
  const provisioning = (): SessionRecord =>
    provisioningRecord({
      session_id: newSessionId(fixture.clock.nowMs),
      created_at: at(fixture.clock.nowMs),
      expires_at: at(fixture.clock.nowMs + dayMs),
    });
  /** The row with a newly started instance. */
  const withInstance = async (row: SessionRecord): Promise<ReadyRecord> => {
    const { instanceId, address } = await fixture.inMemory.open().start({
      runtime: runtime.name,
      resources: runtime.default_resources,
      version: runtime.version,
      owner: { tenantId: row.tenant_id, sessionId: row.session_id },
      signal: new AbortController().signal,
    });
    return {
      ...readyRecord(row),
      instance_id: instanceId,
      address,
      ready_at: at(fixture.clock.nowMs),
    };
  };
  const ended = (row: SessionRecord): SessionRecord => ({
    ...endedRecord(row),
    ended_at: at(fixture.clock.nowMs),
  });
  const count = (row: SessionRecord) => fixture.store.addLive(row.tenant_id, row.session_id, 50);
  const actions: string[] = [];
  const reconcilerMetrics: ReconcilerMetrics = {
    observed: () => {},
    applied: ({ kind, reason }, outcome) => actions.push(`${kind} ${reason} ${outcome}`),
    passed: () => {},
    standingBy: () => {},
  };
  return {
    provisioning,
    withInstance,
    ended,
    count,
    later: (ms: number) => {
      fixture.clock.nowMs += ms;
    },
    rowOf: (row: SessionRecord) => fixture.store.get(row.session_id, { consistent: true }),
    /** Makes one pass and returns its actions. */
    pass: async () => {
      actions.length = 0;
      expect(await fixture.pass({ reconcilerMetrics })).toBe('complete');
      return [...actions];
    },
  };
};

describe('if the index is far behind the table', () => {
  let tables: Tables;
  let fixture: ReconcilerFixture;
  beforeAll(async () => {
    tables = await startTables((now) => startStaleDynamoDb({ lagMs, now }));
  });
  beforeEach(async () => {
    fixture = await tables.openFixture();
  });
  afterAll(() => tables.close());

  it('keeps the instance and the quota of a session that the index does not show yet', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = createScenario(fixture);
    const row = provisioning();
    await count(row);
    later(lagMs - whileMs);
    const live = await withInstance(row);
    await fixture.store.create(live);
    // By now the index shows the set, which has an id that is old enough and has no row.
    later(whileMs);
    expect(await pass()).toEqual(['index_row not_indexed done']);
    expect(await rowOf(live)).toEqual({ ...live, version: 2 });
    expect(fixture.inMemory.living()).toMatchObject([{ instanceId: live.instance_id }]);
    expect(await fixture.store.listLive(live.tenant_id)).toEqual([live.session_id]);
    later(lagMs);
    expect(await pass()).toEqual([]);
  });

  it('leaves a session alone that became ready in the meantime', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = createScenario(fixture);
    const row = provisioning();
    await Promise.all([fixture.store.create(row), count(row)]);
    later(lagMs);
    const live = await withInstance(row);
    await fixture.store.update(live, 1);
    expect(await pass()).toEqual([]);
    expect(await rowOf(live)).toEqual({ ...live, version: 2 });
    expect(fixture.inMemory.living()).toHaveLength(1);
  });

  it('leaves a session alone that moved to another instance in the meantime', async () => {
    const { provisioning, withInstance, count, later, pass, rowOf } = createScenario(fixture);
    const row = await withInstance(provisioning());
    await Promise.all([fixture.store.create(row), count(row)]);
    later(lagMs);
    await fixture.inMemory.open().end(row.instance_id);
    const moved = await withInstance(row);
    await fixture.store.update(moved, 1);
    expect(await pass()).toEqual([]);
    expect(await rowOf(moved)).toEqual({ ...moved, version: 2 });
    expect(fixture.inMemory.living()).toMatchObject([{ instanceId: moved.instance_id }]);
  });

  it('does not end an ended session again, and removes what is left of it', async () => {
    const { provisioning, withInstance, ended, count, later, pass, rowOf } =
      createScenario(fixture);
    const row = await withInstance(provisioning());
    await Promise.all([fixture.store.create(row), count(row)]);
    later(lagMs);
    const terminal = ended(row);
    await fixture.store.update(terminal, 1);
    later(lagMs - 1);
    expect(await pass()).toEqual([]);
    fixture.inMemory.kill(row.instance_id, { reason: 'crashed' });
    expect(await pass()).toEqual(['release_quota row_terminal done']);
    expect(await rowOf(row)).toEqual({ ...terminal, version: 2 });
  });

  it('counts no session twice, and none that ended in the meantime', async () => {
    const { provisioning, withInstance, count, later, pass } = createScenario(fixture);
    const row = await withInstance(provisioning());
    await fixture.store.create(row);
    later(lagMs);
    await count(row);
    expect(await pass()).toEqual(['reserve_quota quota_not_reserved noop']);
    expect(await fixture.store.listLive(row.tenant_id)).toEqual([row.session_id]);
  });
});

describe('reads of the store', () => {
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

  it('never scan the table, and read a row consistently before an action', async () => {
    const fixture = await tables.openFixture();
    const { provisioning, withInstance, ended, count, later, pass } = createScenario(fixture);
    const [gone, stray, terminal] = [
      await withInstance(provisioning()),
      provisioning(),
      provisioning(),
    ];
    await Promise.all([fixture.store.create(gone), count(gone)]);
    fixture.inMemory.kill(gone.instance_id, { reason: 'idle' });
    await withInstance(stray);
    await Promise.all([fixture.store.create(ended(terminal)), count(terminal)]);
    await fixture.store.create(await withInstance(provisioning()));
    await fixture.store.addLive(newTenantId(), newSessionId(fixture.clock.nowMs), 1);
    later(whileMs);
    reads.length = 0;
    expect((await pass()).toSorted()).toEqual([
      'release_quota no_row done',
      'release_quota row_terminal done',
      'reserve_quota quota_not_reserved done',
      'terminate_instance no_row done',
      'terminate_row instance_gone done',
    ]);
    const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
    const made = reads.filter(({ operation }) => !writes.has(operation));
    expect(new Set(made.map(({ operation }) => operation))).toEqual(new Set(['Query', 'GetItem']));
    expect(new Set(made.flatMap(({ index }) => index ?? []))).toEqual(new Set(['live']));
    expect(
      made.filter(({ operation, isConsistent }) => operation === 'GetItem' && !isConsistent),
    ).toEqual([]);
  });
});
