import type { Clock } from '@steppe/service-kit/process/clock';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { provisioningRecord } from '@steppe/session-store/conformance/session-records';
import { SessionStoreUnavailableError } from '@steppe/session-store/errors';
import type { SessionStore } from '@steppe/session-store/ports';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ReconcilerFixture, startTables, type Tables } from '../testing/reconciler-fixture.ts';
import type { ReconcilerMetrics } from './reconciler-metrics.ts';
import { type Reconciler, startReconciler } from './start-reconciler.ts';

let tables: Tables;
let fixture: ReconcilerFixture;
let replicas: Replica[];
beforeAll(async () => {
  tables = await startTables();
});
beforeEach(async () => {
  fixture = await tables.openFixture();
  replicas = [];
});
afterAll(() => tables.close());

const timing = { intervalMs: 60_000, leaseMs: 150_000 };

interface Replica extends Reconciler {
  /** The outcomes of its turns so far: the outcome of each pass, or `stood by`. */
  turns: string[];
  /** How long it waited after each turn so far. */
  pauses: number[];
  /** Wakes every sleep of this length. */
  wake(ms: number): void;
}

/** A replica whose sleeps end when the test wakes them. */
function startReplica(store: SessionStore = fixture.store): Replica {
  const turns: string[] = [];
  const pauses: number[] = [];
  const sleepers: { ms: number; wake: () => void }[] = [];
  const reconcilerMetrics: ReconcilerMetrics = {
    observed: () => {},
    applied: () => {},
    passed: (outcome) => turns.push(outcome),
    standingBy: () => turns.push('stood by'),
  };
  const services = fixture.services({ store, reconcilerMetrics });
  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      if (ms !== timing.leaseMs / 3) pauses.push(ms);
      sleepers.push({ ms, wake: resolve });
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  const clock = { ...services.clock, sleep };
  const reconciler = startReconciler({ ...services, clock }, timing);
  const wake = (ms: number) => {
    for (const sleeper of sleepers.splice(0))
      sleeper.ms === ms ? sleeper.wake() : sleepers.push(sleeper);
  };
  const replica = { ...reconciler, turns, pauses, wake };
  replicas.push(replica);
  return replica;
}

/** Creates a row that the next pass fails. Returns a function that reads its state. */
async function makeOrphan(): Promise<() => Promise<string | undefined>> {
  const row = provisioningRecord();
  await fixture.store.create(row);
  return async () => (await fixture.store.get(row.session_id, { consistent: true }))?.state;
}

it('makes a pass at once, and one more after each interval', async () => {
  const first = await makeOrphan();
  const replica = startReplica();
  await expectEventually(() => replica.turns).toEqual(['complete']);
  expect(await first()).toBe('failed');
  const second = await makeOrphan();
  replica.wake(timing.intervalMs);
  await expectEventually(() => replica.turns).toEqual(['complete', 'complete']);
  expect(await second()).toBe('failed');
  await replica.close();
});

it('lets only one replica at a time make passes', async () => {
  const holder = startReplica();
  await expectEventually(() => holder.turns).toEqual(['complete']);
  const other = startReplica();
  await expectEventually(() => other.turns).toEqual(['stood by']);
  fixture.clock.nowMs += timing.intervalMs;
  holder.wake(timing.intervalMs);
  await expectEventually(() => holder.turns).toEqual(['complete', 'complete']);
  other.wake(timing.intervalMs);
  await expectEventually(() => other.turns).toEqual(['stood by', 'stood by']);
  await Promise.all([holder.close(), other.close()]);
});

it('takes over at once from a closed replica, and after the lease from a dead one', async () => {
  const closing = startReplica();
  await expectEventually(() => closing.turns).toEqual(['complete']);
  await closing.close();
  const dying = startReplica();
  await expectEventually(() => dying.turns).toEqual(['complete']);
  const heir = startReplica();
  await expectEventually(() => heir.turns).toEqual(['stood by']);
  fixture.clock.nowMs += timing.leaseMs - 1;
  heir.wake(timing.intervalMs);
  await expectEventually(() => heir.turns).toEqual(['stood by', 'stood by']);
  fixture.clock.nowMs += 1;
  heir.wake(timing.intervalMs);
  await expectEventually(() => heir.turns).toEqual(['stood by', 'stood by', 'complete']);
  await Promise.all([dying.close(), heir.close()]);
});

/** A store whose sweeps wait until the test releases them. */
function holdSweeps() {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let sweeps = 0;
  const store: SessionStore = {
    ...fixture.store,
    async *sweep(options) {
      sweeps += 1;
      await held;
      yield* fixture.store.sweep(options);
    },
  };
  return { store, letGo, sweeps: () => sweeps };
}

it('keeps its lease during a long pass', async () => {
  const { store, letGo, sweeps } = holdSweeps();
  let renewals = 0;
  const renewLease: SessionStore['renewLease'] = async (...args) => {
    const renewed = await store.renewLease(...args);
    renewals += 1;
    return renewed;
  };
  const slow = startReplica({ ...store, renewLease });
  await expectEventually(sweeps).toBe(1);
  for (const renewal of [1, 2, 3, 4]) {
    fixture.clock.nowMs += timing.leaseMs / 3;
    await expectEventually(() => {
      slow.wake(timing.leaseMs / 3);
      return renewals;
    }).toBeGreaterThanOrEqual(renewal);
  }
  const other = startReplica();
  await expectEventually(() => other.turns).toEqual(['stood by']);
  letGo();
  await expectEventually(() => slow.turns).toEqual(['complete']);
  await Promise.all([slow.close(), other.close()]);
});

it('stops its pass if another replica took the lease, and acts on nothing more', async () => {
  const orphan = await makeOrphan();
  const { store, letGo, sweeps } = holdSweeps();
  let lost = false;
  const renewLease: SessionStore['renewLease'] = async (...args) => {
    const outcome = await store.renewLease(...args);
    lost = outcome === 'lost';
    return outcome;
  };
  const paused = startReplica({ ...store, renewLease });
  await expectEventually(sweeps).toBe(1);
  fixture.clock.nowMs += timing.leaseMs;
  expect(
    await fixture.store.acquireLease('reconciler', 'another', timing.leaseMs, fixture.clock.nowMs),
  ).toBe('acquired');
  await expectEventually(() => {
    paused.wake(timing.leaseMs / 3);
    return lost;
  }).toBe(true);
  letGo();
  await expectEventually(() => paused.turns).toEqual(['interrupted']);
  expect(await orphan()).toBe('provisioning');
  await paused.close();
});

it('continues after a pass that failed because of the store', async () => {
  let isOut = true;
  const acquireLease: SessionStore['acquireLease'] = async (...args) => {
    if (isOut) throw new SessionStoreUnavailableError('it is away');
    return fixture.store.acquireLease(...args);
  };
  const orphan = await makeOrphan();
  const sweep: SessionStore['sweep'] = (options) => {
    if (isOut) throw new SessionStoreUnavailableError('it is away');
    return fixture.store.sweep(options);
  };
  const replica = startReplica({ ...fixture.store, acquireLease, sweep });
  isOut = false;
  await expectEventually(() => {
    replica.wake(1_000);
    return orphan();
  }).toBe('failed');
  await expectEventually(() => replica.turns.at(-1)).toBe('complete');
  await replica.close();
});

it('backs off after passes that failed, up to the interval', async () => {
  let isOut = true;
  const sweep: SessionStore['sweep'] = (options) => {
    if (isOut) throw new SessionStoreUnavailableError('it is away');
    return fixture.store.sweep(options);
  };
  const replica = startReplica({ ...fixture.store, sweep });
  const { intervalMs } = timing;
  const backOffsMs = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, intervalMs, intervalMs];
  for (const [at, backOffMs] of backOffsMs.entries()) {
    await expectEventually(() => replica.pauses).toEqual(backOffsMs.slice(0, at + 1));
    isOut = at < backOffsMs.length - 1;
    replica.wake(backOffMs);
  }
  await expectEventually(() => replica.turns.at(-1)).toBe('complete');
  await expectEventually(() => replica.pauses.at(-1)).toBe(intervalMs);
  expect(replica.turns).toEqual([...backOffsMs.map(() => 'failed'), 'complete']);
  await replica.close();
});
