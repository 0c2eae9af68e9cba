import { newInstanceId, newSessionId, type SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { endedRecord, newTenantId, provisioningRecord, readyRecord } from '@steppe/route-store/conformance/session-records';
import { RouteStoreCorrupt, RouteStoreThrottled } from '@steppe/route-store/errors';
import type { SessionStore, SweptItem } from '@steppe/route-store/ports';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { builtInRuntimes } from '../runtimes/built-in-runtimes.ts';
import { findRuntime } from '../runtimes/find-runtime.ts';
import { runtimeVersion } from '../runtimes/runtime-version.ts';
import { type ReconcilerBed, startTables, type Tables } from '../testing/reconciler-bed.ts';
import { reconcile } from './reconcile.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';

let tables: Tables;
let bed: ReconcilerBed;
beforeAll(async () => {
  tables = await startTables();
});
beforeEach(async () => {
  bed = await tables.openBed();
});
afterAll(() => tables.close());

const runtime = findRuntime(builtInRuntimes(1), 'python');
const hourMs = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();

const startFor = (sessionId: SessionId | null, version = runtimeVersion(runtime)) =>
  bed.place.open().start({
    runtime,
    resources: runtime.default_resources,
    version,
    sessionId,
    signal: new AbortController().signal,
  });

/** A session whose instance is gone, and said how. */
async function makeGone(): Promise<SessionRecord> {
  const session = await makeReady();
  if (session.instance_id) bed.place.kill(session.instance_id, { reason: 'idle' });
  return session;
}

/** A row as a create leaves it, and counted. */
async function makeRow(change: (row: SessionRecord) => SessionRecord = (row) => row): Promise<SessionRecord> {
  const { nowMs } = bed.clock;
  const provisioning = provisioningRecord({
    session_id: newSessionId(nowMs),
    created_at: at(nowMs),
    expires_at: at(nowMs + hourMs),
  });
  const row = change(provisioning);
  await bed.store.create(row);
  await bed.store.addLive(row.tenant_id, row.session_id, 50);
  return row;
}

async function makeReady(): Promise<SessionRecord> {
  const sessionId = newSessionId(bed.clock.nowMs);
  const { instanceId, address } = await startFor(sessionId);
  return makeRow((row) => ({
    ...readyRecord({ ...row, session_id: sessionId }),
    instance_id: instanceId,
    address,
    ready_at: at(bed.clock.nowMs),
  }));
}

const rowOf = ({ session_id }: SessionRecord) => bed.store.get(session_id, { consistent: true });
const liveOf = ({ tenant_id }: SessionRecord) => bed.store.listLive(tenant_id);
const laterBy = (ms: number) => {
  bed.clock.nowMs += ms;
};

/** What the metrics are told in a pass. */
function listen() {
  const heard: string[] = [];
  const seen: Record<string, number> = {};
  const reconcilerMetrics: ReconcilerMetrics = {
    observed: ({ rows, corrupt }) => Object.assign(seen, { rows: rows.length, corrupt }),
    acted: ({ kind, because }, outcome) => heard.push(`${kind} ${because} ${outcome}`),
    passed: () => {},
    stoodBy: () => {},
  };
  return { heard, seen, reconcilerMetrics };
}

it('does nothing where rows, instances and quotas agree', async () => {
  const [session] = [await makeReady(), await makeRow(), await startFor(null)];
  const { heard, seen, reconcilerMetrics } = listen();
  expect(await bed.pass({ reconcilerMetrics })).toBe('complete');
  expect([heard, seen]).toEqual([[], { rows: 2, corrupt: 0 }]);
  expect(await rowOf(session)).toEqual(session);
  expect(bed.place.living()).toHaveLength(2);
});

it('ends a session whose instance is gone, with the words it left, and frees its place', async () => {
  const session = await makeReady();
  bed.place.kill(session.instance_id ?? newInstanceId(), { reason: 'oom_killed', detail: 'exit code 137' });
  await bed.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'ended', end_reason: 'oom_killed', end_detail: 'exit code 137' });
  expect(await liveOf(session)).toEqual([]);
});

it('waits a grace for the words of an instance that is gone, and calls it crashed, or expired where its time is over', async () => {
  const crashed = await makeRow((row) => readyRecord(row));
  const expired = await makeRow((row) => ({ ...readyRecord(row), expires_at: at(bed.clock.nowMs) }));
  const { heard, reconcilerMetrics } = listen();
  await bed.pass();
  laterBy(9_999);
  expect(await bed.pass({ reconcilerMetrics })).toBe('complete');
  expect(heard).toEqual(['end_row instance_gone deferred', 'end_row instance_gone deferred']);
  laterBy(1);
  await bed.pass();
  expect(await rowOf(crashed)).toMatchObject({
    state: 'ended',
    end_reason: 'crashed',
    end_detail: expect.stringContaining('gone'),
  });
  expect(await rowOf(expired)).toMatchObject({ state: 'ended', end_reason: 'expired' });
});

it('fails one that did not become ready in time, and ends what was started for it', async () => {
  const session = await makeRow();
  await startFor(session.session_id);
  laterBy(70_000);
  await bed.pass();
  expect(await rowOf(session)).toEqual(session);
  laterBy(1);
  await bed.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'failed', end_reason: 'provisioning_timeout' });
  expect([await liveOf(session), bed.place.living()]).toEqual([[], []]);
});

it('ends one that its agent lets live for too long after its time', async () => {
  const session = await makeReady();
  laterBy(2 * hourMs + 10_000);
  await bed.pass();
  expect(await rowOf(session)).toEqual(session);
  laterBy(1);
  await bed.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'ended', end_reason: 'expired' });
  expect(bed.place.living()).toEqual([]);
});

it('ends instances whose session is over, or never came to a row', async () => {
  const over = await makeRow((row) => ({ ...endedRecord(row), ended_at: at(bed.clock.nowMs) }));
  await Promise.all([startFor(over.session_id), startFor(newSessionId(bed.clock.nowMs)), startFor(null)]);
  laterBy(10_001);
  await bed.pass();
  expect(bed.place.living()).toMatchObject([{ state: 'warm' }]);
});

it('takes out of a quota what is over or never came to a row, once it is old enough, and nothing else', async () => {
  const over = await makeRow((row) => endedRecord(row));
  const live = await makeReady();
  const never = newSessionId(bed.clock.nowMs);
  for (const id of [never, live.session_id]) await bed.store.addLive(over.tenant_id, id, 50);
  laterBy(70_000);
  await bed.pass();
  expect(await liveOf(over)).toHaveLength(3);
  laterBy(1);
  const young = newSessionId(bed.clock.nowMs);
  await bed.store.addLive(over.tenant_id, young, 50);
  await bed.pass();
  expect((await liveOf(over)).sort()).toEqual([live.session_id, young].sort());
});

it('counts a session that its tenant’s quota has lost, also above the quota', async () => {
  const session = await makeReady();
  await bed.store.removeLive(session.tenant_id, session.session_id);
  laterBy(10_001);
  const { heard, reconcilerMetrics } = listen();
  const others = Array.from({ length: 50 }, () => newSessionId(bed.clock.nowMs));
  for (const id of others) await bed.store.addLive(session.tenant_id, id, 50);
  await bed.pass({ reconcilerMetrics });
  expect((await liveOf(session)).sort()).toEqual([session.session_id, ...others].sort());
  expect(heard).toEqual(['count not_counted done']);
});

it('does not leave one counted that ends while it is being counted', async () => {
  const session = await makeReady();
  await bed.store.removeLive(session.tenant_id, session.session_id);
  laterBy(10_001);
  const addLive: SessionStore['addLive'] = async (...args) => {
    const ended = { ...endedRecord(session), ended_at: at(bed.clock.nowMs) };
    await bed.store.update(ended, session.version);
    return bed.store.addLive(...args);
  };
  await bed.pass({ store: { ...bed.store, addLive } });
  expect(await liveOf(session)).toEqual([]);
});

it('retires warm instances of another version, but not one that a claim takes first', async () => {
  await Promise.all([startFor(null, 'v0'), startFor(null, 'v0'), startFor(null)]);
  laterBy(10_001);
  const { heard, reconcilerMetrics } = listen();
  const provisioner = bed.place.open();
  const session = await makeReady();
  const claimFirst = async (instanceId: ReturnType<typeof newInstanceId>) => {
    await provisioner.claim({ sessionId: session.session_id, runtime: 'python', version: 'v0' });
    return provisioner.retire(instanceId);
  };
  await bed.pass({ reconcilerMetrics, provisioner: { ...provisioner, retire: claimFirst } });
  expect(heard.sort()).toEqual(['retire_instance old_version moot', 'retire_instance old_version moot']);
  const claimed = bed.place.living().filter(({ version }) => version === 'v0');
  expect(claimed.map(({ state }) => state)).toEqual(['claimed', 'claimed']);
  await Promise.all([startFor(null, 'v0')]);
  laterBy(10_001);
  await bed.pass();
  expect(bed.place.living().filter(({ state }) => state === 'warm')).toMatchObject([{ version: runtimeVersion(runtime) }]);
});

it('leaves a session alone whose row was written after the sweep', async () => {
  const session = await makeRow();
  laterBy(70_001);
  const { instanceId, address } = await startFor(session.session_id);
  const list = async () => {
    const listed = await bed.place.open().list();
    const ready = { ...readyRecord(session), instance_id: newInstanceId(), address, ready_at: at(bed.clock.nowMs) };
    await bed.store.update(ready, session.version);
    return listed;
  };
  const { heard, reconcilerMetrics } = listen();
  await bed.pass({ reconcilerMetrics, provisioner: { ...bed.place.open(), list } });
  expect([heard, (await rowOf(session))?.state]).toEqual([[], 'ready']);
  expect(bed.place.living()).toMatchObject([{ instanceId }]);
});

it('leaves a session alone whose row is written in the moment in which it is to be ended', async () => {
  const session = await makeGone();
  laterBy(120_000);
  const provisioner = bed.place.open();
  const endOf: typeof provisioner.endOf = async (instanceId) => {
    const row = await rowOf(session);
    if (row) await bed.store.update({ ...row, metadata: { touched: 'yes' } }, row.version);
    return provisioner.endOf(instanceId);
  };
  expect(await bed.pass({ provisioner: { ...provisioner, endOf } })).toBe('complete');
  expect(await rowOf(session)).toMatchObject({ state: 'ready', metadata: { touched: 'yes' } });
  await bed.pass();
  expect(await rowOf(session)).toMatchObject({ state: 'ended', end_reason: 'idle' });
});

it('reports what cannot be read, touches nothing of it, and does the rest', async () => {
  const [unreadable, gone] = [await makeReady(), await makeGone()];
  laterBy(10 * hourMs);
  const error = new RouteStoreCorrupt(unreadable.session_id);
  const store: SessionStore = {
    ...bed.store,
    get: async (id, options) => {
      if (id === unreadable.session_id) throw error;
      return bed.store.get(id, options);
    },
    async *sweep(): AsyncGenerator<SweptItem> {
      for await (const item of bed.store.sweep()) {
        yield item.kind === 'session' && item.entry.session_id === unreadable.session_id ? { kind: 'corrupt', error } : item;
      }
    },
  };
  const { seen, reconcilerMetrics } = listen();
  expect(await bed.pass({ store, reconcilerMetrics })).toBe('complete');
  expect(seen).toMatchObject({ corrupt: 1 });
  expect([await rowOf(unreadable), await liveOf(unreadable)]).toEqual([unreadable, [unreadable.session_id]]);
  expect(bed.place.living()).toHaveLength(1);
  expect((await rowOf(gone))?.state).toBe('ended');
});

it('reports a row that only the index can read, once it has to act on it, and touches nothing of it', async () => {
  const [unreadable, gone] = [await makeGone(), await makeGone()];
  const get: SessionStore['get'] = async (id, options) => {
    if (id === unreadable.session_id) throw new RouteStoreCorrupt(id);
    return bed.store.get(id, options);
  };
  const { heard, seen, reconcilerMetrics } = listen();
  expect(await bed.pass({ store: { ...bed.store, get }, reconcilerMetrics })).toBe('complete');
  expect([heard, seen]).toEqual([['end_row instance_gone done'], { rows: 2, corrupt: 1 }]);
  expect([(await rowOf(unreadable))?.state, (await rowOf(gone))?.state]).toEqual(['ready', 'ended']);
});

it('goes on after an act that fails, and the next pass does that one', async () => {
  const gone = await Promise.all(Array.from({ length: 6 }, makeGone));
  let updates = 0;
  const update: SessionStore['update'] = async (...args) => {
    updates += 1;
    if (updates === 2) throw new RouteStoreThrottled('asks for fewer calls');
    return bed.store.update(...args);
  };
  const { heard, reconcilerMetrics } = listen();
  expect(await bed.pass({ reconcilerMetrics, store: { ...bed.store, update } })).toBe('incomplete');
  expect(heard.filter((act) => act.endsWith('failed'))).toHaveLength(1);
  expect(await bed.pass()).toBe('complete');
  expect((await Promise.all(gone.map(rowOf))).map((row) => row?.state)).toEqual(gone.map(() => 'ended'));
});

it('stops where the store is out in the middle, and the next pass does what is left', async () => {
  const gone = await Promise.all(Array.from({ length: 40 }, makeGone));
  let reads = 0;
  const get: SessionStore['get'] = async (...args) => {
    reads += 1;
    if (reads > 10) throw new RouteStoreThrottled('asks for fewer calls');
    return bed.store.get(...args);
  };
  await expect(bed.pass({ store: { ...bed.store, get } })).rejects.toThrow('asks for fewer calls');
  expect(reads).toBeLessThan(30);
  expect(await bed.pass()).toBe('complete');
  expect((await Promise.all(gone.map(rowOf))).map((row) => row?.state)).toEqual(gone.map(() => 'ended'));
});

it('begins no further act once its signal is aborted', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, makeGone));
  laterBy(120_000);
  const closing = new AbortController();
  const provisioner = bed.place.open();
  const endOf: typeof provisioner.endOf = (instanceId) => {
    closing.abort(new Error('it closes'));
    return provisioner.endOf(instanceId);
  };
  await expect(reconcile(bed.services({ provisioner: { ...provisioner, endOf } }), closing.signal)).rejects.toThrow('it closes');
  const states = await Promise.all(sessions.map(async (session) => (await rowOf(session))?.state));
  expect(states).toContain('ready');
});

it('acts on nothing where the instances cannot be listed', async () => {
  const session = await makeGone();
  const list = () => Promise.reject(new Error('the cluster is away'));
  await expect(bed.pass({ provisioner: { ...bed.place.open(), list } })).rejects.toThrow('the cluster is away');
  expect(await rowOf(session)).toEqual(session);
});

it('does no harm where two replicas do it at once', async () => {
  const sessions = [await makeReady(), await makeGone(), await makeRow()];
  await startFor(newSessionId(bed.clock.nowMs));
  await bed.store.addLive(newTenantId(), newSessionId(bed.clock.nowMs), 1);
  laterBy(70_001);
  const ends: unknown[] = [];
  const metrics = { created: () => {}, ended: (over: unknown) => void ends.push(over) };
  await Promise.all([bed.pass({ metrics }), bed.pass({ metrics }), bed.pass({ metrics })]);
  expect((await Promise.all(sessions.map(rowOf))).map((row) => row?.state)).toEqual(['ready', 'ended', 'failed']);
  expect(ends).toHaveLength(2);
  expect(bed.place.living()).toHaveLength(1);
});
