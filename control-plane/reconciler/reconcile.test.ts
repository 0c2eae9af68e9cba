import type { SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { SessionStoreCorruptError, SessionStoreThrottledError } from '@steppe/session-store/errors';
import type { SessionStore, SweptItem } from '@steppe/session-store/ports';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newOwner } from '../provisioner/conformance/requests.ts';
import { type ReconcilerFixture, startTables, type Tables } from '../testing/reconciler-fixture.ts';
import { pythonRuntime } from '../testing/session-runtimes.ts';
import { reconcile } from './reconcile.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

let tables: Tables;
let fixture: ReconcilerFixture;
beforeAll(async () => {
  tables = await startTables();
});
beforeEach(async () => {
  fixture = await tables.openFixture();
});
afterAll(() => tables.close());

const runtime = pythonRuntime(1);
const hourMs = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();

const startFor = (sessionId: SessionId | null, version = runtime.version) =>
  fixture.inMemory.open().start({
    runtime: runtime.name,
    resources: runtime.default_resources,
    version,
    owner: sessionId && newOwner(sessionId),
    signal: new AbortController().signal,
  });

/** A ready session whose instance ended and reported its reason. */
async function makeGone(): Promise<SessionRecord> {
  const session = await makeReady();
  if (session.instance_id) fixture.inMemory.kill(session.instance_id, { reason: 'idle' });
  return session;
}

/** A row as a create leaves it, with its place in the quota. */
async function makeRow(
  change: (row: SessionRecord) => SessionRecord = (row) => row,
): Promise<SessionRecord> {
  const { nowMs } = fixture.clock;
  const provisioning = provisioningRecord({
    session_id: newSessionId(nowMs),
    created_at: at(nowMs),
    expires_at: at(nowMs + hourMs),
  });
  const row = change(provisioning);
  await fixture.store.create(row);
  await fixture.store.addLive(row.tenant_id, row.session_id, 50);
  return row;
}

async function makeReady(): Promise<SessionRecord> {
  const sessionId = newSessionId(fixture.clock.nowMs);
  const { instanceId, address } = await startFor(sessionId);
  return makeRow((row) => ({
    ...readyRecord({ ...row, session_id: sessionId }),
    instance_id: instanceId,
    address,
    ready_at: at(fixture.clock.nowMs),
  }));
}

const rowOf = ({ session_id }: SessionRecord) =>
  fixture.store.get(session_id, { consistent: true });
const liveOf = ({ tenant_id }: SessionRecord) => fixture.store.listLive(tenant_id);
const laterBy = (ms: number) => {
  fixture.clock.nowMs += ms;
};

/** Collects what a pass reports to the metrics. */
function listen() {
  const received: string[] = [];
  const seen: Record<string, number> = {};
  const reconcilerMetrics: ReconcilerMetrics = {
    observed: ({ rows, corrupt }) => Object.assign(seen, { rows: rows.length, corrupt }),
    applied: ({ kind, reason }, outcome) => received.push(`${kind} ${reason} ${outcome}`),
    passed: () => {},
    standingBy: () => {},
  };
  return { received, seen, reconcilerMetrics };
}

it('does nothing if rows, instances and quotas agree', async () => {
  const [session] = [await makeReady(), await makeRow(), await startFor(null)];
  const { received, seen, reconcilerMetrics } = listen();
  expect(await fixture.pass({ reconcilerMetrics })).toBe('complete');
  expect([received, seen]).toEqual([[], { rows: 2, corrupt: 0 }]);
  expect(await rowOf(session)).toEqual(session);
  expect(fixture.inMemory.living()).toHaveLength(2);
});

it('ends a session with the reason of its instance, and releases its quota', async () => {
  const session = await makeReady();
  fixture.inMemory.kill(session.instance_id ?? newInstanceId(), {
    reason: 'oom_killed',
    detail: 'exit code 137',
  });
  await fixture.pass();
  expect(await rowOf(session)).toMatchObject({
    state: 'ended',
    end_reason: 'oom_killed',
    end_detail: 'exit code 137',
  });
  expect(await liveOf(session)).toEqual([]);
});

it('waits a grace period for a termination message, then records crashed or expired', async () => {
  const crashed = await makeRow((row) => readyRecord(row));
  const expired = await makeRow((row) => ({
    ...readyRecord(row),
    expires_at: at(fixture.clock.nowMs),
  }));
  const { received, reconcilerMetrics } = listen();
  await fixture.pass();
  laterBy(9_999);
  expect(await fixture.pass({ reconcilerMetrics })).toBe('complete');
  expect(received).toEqual([
    'terminate_row instance_gone deferred',
    'terminate_row instance_gone deferred',
  ]);
  laterBy(1);
  await fixture.pass();
  expect(await rowOf(crashed)).toMatchObject({
    state: 'ended',
    end_reason: 'crashed',
    end_detail: expect.stringContaining('gone'),
  });
  expect(await rowOf(expired)).toMatchObject({ state: 'ended', end_reason: 'expired' });
});

it('fails a session that is not ready in time, and ends what was started for it', async () => {
  const session = await makeRow();
  await startFor(session.session_id);
  laterBy(70_000);
  await fixture.pass();
  expect(await rowOf(session)).toEqual(session);
  laterBy(1);
  await fixture.pass();
  expect(await rowOf(session)).toMatchObject({
    state: 'failed',
    end_reason: 'provisioning_timeout',
  });
  expect([await liveOf(session), fixture.inMemory.living()]).toEqual([[], []]);
});

it.each([
  ['deleted', 'provisioning_timeout'],
  ['oom_killed', 'crashed'],
] as const)('fails a create whose instance ended as %s with %s', async (reason, recorded) => {
  const sessionId = newSessionId(fixture.clock.nowMs);
  const { instanceId } = await startFor(sessionId);
  const session = await makeRow((row) => ({
    ...row,
    session_id: sessionId,
    instance_id: instanceId,
  }));
  fixture.inMemory.kill(instanceId, { reason });
  laterBy(70_001);
  await fixture.pass();
  expect(await rowOf(session)).toMatchObject({ end_reason: recorded });
});

it('ends a session that its agent does not end in time after the expiry', async () => {
  const session = await makeReady();
  laterBy(2 * hourMs + 10_000);
  await fixture.pass();
  expect(await rowOf(session)).toEqual(session);
  laterBy(1);
  await fixture.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'ended', end_reason: 'expired' });
  expect(fixture.inMemory.living()).toEqual([]);
});

it('ends instances whose session is terminal or never had a row', async () => {
  const terminal = await makeRow((row) => ({
    ...endedRecord(row),
    ended_at: at(fixture.clock.nowMs),
  }));
  await Promise.all([
    startFor(terminal.session_id),
    startFor(newSessionId(fixture.clock.nowMs)),
    startFor(null),
  ]);
  laterBy(10_001);
  await fixture.pass();
  expect(fixture.inMemory.living()).toMatchObject([{ state: 'warm' }]);
});

it('releases only the quota of old sessions that are terminal or never had a row', async () => {
  const terminal = await makeRow((row) => endedRecord(row));
  const live = await makeReady();
  const never = newSessionId(fixture.clock.nowMs);
  for (const id of [never, live.session_id])
    await fixture.store.addLive(terminal.tenant_id, id, 50);
  laterBy(70_000);
  await fixture.pass();
  expect(await liveOf(terminal)).toHaveLength(3);
  laterBy(1);
  const young = newSessionId(fixture.clock.nowMs);
  await fixture.store.addLive(terminal.tenant_id, young, 50);
  await fixture.pass();
  expect((await liveOf(terminal)).sort()).toEqual([live.session_id, young].sort());
});

it('counts a session that is missing from its tenant’s quota, even above the quota', async () => {
  const session = await makeReady();
  await fixture.store.removeLive(session.tenant_id, session.session_id);
  laterBy(10_001);
  const { received, reconcilerMetrics } = listen();
  const others = Array.from({ length: 50 }, () => newSessionId(fixture.clock.nowMs));
  for (const id of others) await fixture.store.addLive(session.tenant_id, id, 50);
  await fixture.pass({ reconcilerMetrics });
  expect((await liveOf(session)).sort()).toEqual([session.session_id, ...others].sort());
  expect(received).toEqual(['reserve_quota quota_not_reserved done']);
});

it('does not leave a session counted that ends while it is being counted', async () => {
  const session = await makeReady();
  await fixture.store.removeLive(session.tenant_id, session.session_id);
  laterBy(10_001);
  const addLive: SessionStore['addLive'] = async (...args) => {
    const ended = { ...endedRecord(session), ended_at: at(fixture.clock.nowMs) };
    await fixture.store.update(ended, session.version);
    return fixture.store.addLive(...args);
  };
  await fixture.pass({ store: { ...fixture.store, addLive } });
  expect(await liveOf(session)).toEqual([]);
});

it('retires warm instances of another version, except one that is claimed first', async () => {
  await Promise.all([startFor(null, 'v0'), startFor(null, 'v0'), startFor(null)]);
  laterBy(10_001);
  const { received, reconcilerMetrics } = listen();
  const provisioner = fixture.inMemory.open();
  const session = await makeReady();
  const claimFirst = async (instanceId: ReturnType<typeof newInstanceId>) => {
    const owner = newOwner(session.session_id);
    await provisioner.claim({ owner, runtime: 'python', version: 'v0' });
    return provisioner.retire(instanceId);
  };
  await fixture.pass({ reconcilerMetrics, provisioner: { ...provisioner, retire: claimFirst } });
  expect(received.sort()).toEqual([
    'retire_instance old_version noop',
    'retire_instance old_version noop',
  ]);
  const claimed = fixture.inMemory.living().filter(({ version }) => version === 'v0');
  expect(claimed.map(({ state }) => state)).toEqual(['claimed', 'claimed']);
  await Promise.all([startFor(null, 'v0')]);
  laterBy(10_001);
  await fixture.pass();
  expect(fixture.inMemory.living().filter(({ state }) => state === 'warm')).toMatchObject([
    { version: runtime.version },
  ]);
});

it('does not end a session whose row was written after the sweep', async () => {
  const session = await makeRow();
  laterBy(70_001);
  const { instanceId, address } = await startFor(session.session_id);
  const list = async () => {
    const listed = await fixture.inMemory.open().list();
    const ready = {
      ...readyRecord(session),
      instance_id: newInstanceId(),
      address,
      ready_at: at(fixture.clock.nowMs),
    };
    await fixture.store.update(ready, session.version);
    return listed;
  };
  const { received, reconcilerMetrics } = listen();
  await fixture.pass({ reconcilerMetrics, provisioner: { ...fixture.inMemory.open(), list } });
  expect([received, (await rowOf(session))?.state]).toEqual([[], 'ready']);
  expect(fixture.inMemory.living()).toMatchObject([{ instanceId }]);
});

it('does not end a session whose row is written just before the pass would end it', async () => {
  const session = await makeGone();
  laterBy(120_000);
  let isWritten = false;
  const update: SessionStore['update'] = async (...args) => {
    const row = isWritten ? null : await rowOf(session);
    isWritten = true;
    if (row) await fixture.store.update({ ...row, metadata: { touched: 'yes' } }, row.version);
    return fixture.store.update(...args);
  };
  expect(await fixture.pass({ store: { ...fixture.store, update } })).toBe('complete');
  expect(await rowOf(session)).toMatchObject({ state: 'ready', metadata: { touched: 'yes' } });
  await fixture.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'ended', end_reason: 'idle' });
});

it('reports an unreadable row, changes nothing of its session, and does the rest', async () => {
  const [unreadable, gone] = [await makeReady(), await makeGone()];
  laterBy(10 * hourMs);
  const error = new SessionStoreCorruptError(unreadable.session_id);
  const store: SessionStore = {
    ...fixture.store,
    get: async (id, options) => {
      if (id === unreadable.session_id) throw error;
      return fixture.store.get(id, options);
    },
    async *sweep(): AsyncGenerator<SweptItem> {
      for await (const item of fixture.store.sweep()) {
        yield item.kind === 'session' && item.entry.session_id === unreadable.session_id
          ? { kind: 'corrupt', error }
          : item;
      }
    },
  };
  const { seen, reconcilerMetrics } = listen();
  expect(await fixture.pass({ store, reconcilerMetrics })).toBe('complete');
  expect(seen).toMatchObject({ corrupt: 1 });
  expect([await rowOf(unreadable), await liveOf(unreadable)]).toEqual([
    unreadable,
    [unreadable.session_id],
  ]);
  expect(fixture.inMemory.living()).toHaveLength(1);
  expect((await rowOf(gone))?.state).toBe('ended');
});

it('reports a row that only the index can read, and changes nothing of its session', async () => {
  const [unreadable, gone] = [await makeGone(), await makeGone()];
  const get: SessionStore['get'] = async (id, options) => {
    if (id === unreadable.session_id) throw new SessionStoreCorruptError(id);
    return fixture.store.get(id, options);
  };
  const { received, seen, reconcilerMetrics } = listen();
  expect(await fixture.pass({ store: { ...fixture.store, get }, reconcilerMetrics })).toBe(
    'complete',
  );
  expect([received, seen]).toEqual([['terminate_row instance_gone done'], { rows: 2, corrupt: 1 }]);
  expect([(await rowOf(unreadable))?.state, (await rowOf(gone))?.state]).toEqual([
    'ready',
    'ended',
  ]);
});

it('continues after an action that fails, and the next pass repeats that action', async () => {
  const gone = await Promise.all(Array.from({ length: 6 }, makeGone));
  let updates = 0;
  const update: SessionStore['update'] = async (...args) => {
    updates += 1;
    if (updates === 2) throw new SessionStoreThrottledError('throttled');
    return fixture.store.update(...args);
  };
  const { received, reconcilerMetrics } = listen();
  expect(await fixture.pass({ reconcilerMetrics, store: { ...fixture.store, update } })).toBe(
    'incomplete',
  );
  expect(received.filter((action) => action.endsWith('failed'))).toHaveLength(1);
  expect(await fixture.pass()).toBe('complete');
  expect((await Promise.all(gone.map(rowOf))).map((row) => row?.state)).toEqual(
    gone.map(() => 'ended'),
  );
});

it('stops if the store becomes unavailable, and the next pass does the rest', async () => {
  const gone = await Promise.all(Array.from({ length: 40 }, makeGone));
  let reads = 0;
  const get: SessionStore['get'] = async (...args) => {
    reads += 1;
    if (reads > 10) throw new SessionStoreThrottledError('throttled');
    return fixture.store.get(...args);
  };
  await expect(fixture.pass({ store: { ...fixture.store, get } })).rejects.toThrow('throttled');
  expect(reads).toBeLessThan(30);
  expect(await fixture.pass()).toBe('complete');
  expect((await Promise.all(gone.map(rowOf))).map((row) => row?.state)).toEqual(
    gone.map(() => 'ended'),
  );
});

it('begins no further action after its signal is aborted', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, makeGone));
  laterBy(120_000);
  const closing = new AbortController();
  const provisioner = fixture.inMemory.open();
  const watch: typeof provisioner.watch = (listener) => {
    closing.abort(new Error('it closes'));
    return provisioner.watch(listener);
  };
  await expect(
    reconcile(fixture.services({ provisioner: { ...provisioner, watch } }), closing.signal),
  ).rejects.toThrow('it closes');
  const states = await Promise.all(sessions.map(async (session) => (await rowOf(session))?.state));
  expect(states).toContain('ready');
});

it('acts on nothing if the instances cannot be listed', async () => {
  const session = await makeGone();
  const list = () => Promise.reject(new Error('the cluster is away'));
  await expect(fixture.pass({ provisioner: { ...fixture.inMemory.open(), list } })).rejects.toThrow(
    'the cluster is away',
  );
  expect(await rowOf(session)).toEqual(session);
});

it('does no harm if two replicas make a pass at once', async () => {
  const sessions = [await makeReady(), await makeGone(), await makeRow()];
  await startFor(newSessionId(fixture.clock.nowMs));
  await fixture.store.addLive(newTenantId(), newSessionId(fixture.clock.nowMs), 1);
  laterBy(70_001);
  const ends: unknown[] = [];
  const metrics = { created: () => {}, ended: (terminal: unknown) => void ends.push(terminal) };
  await Promise.all([
    fixture.pass({ metrics }),
    fixture.pass({ metrics }),
    fixture.pass({ metrics }),
  ]);
  expect((await Promise.all(sessions.map(rowOf))).map((row) => row?.state)).toEqual([
    'ready',
    'ended',
    'failed',
  ]);
  expect(ends).toHaveLength(2);
  expect(fixture.inMemory.living()).toHaveLength(1);
});
