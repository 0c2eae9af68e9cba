import { createIds } from '@steppe/contracts/ids';
import {
  endedRecord,
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';
import { expect, test } from 'vitest';
import { Kernel } from '../../kernel/kernel.ts';
import { createSimulatedClock } from '../../kernel/simulated-clock.ts';
import { noTableFaults, type TableFaults } from './request-fate.ts';
import { createTableModel, type TableModel } from './table-model.ts';

interface Scene {
  kernel: Kernel;
  faults: TableFaults;
  table: TableModel;
  store: SessionStore;
  /** Kinds of faults that happened. */
  kinds: string[];
  /** Moments of the port that were passed. */
  moments: string[];
}

interface SceneOptions {
  staleMs?: number;
  seed?: number;
}

const setScene = ({ staleMs = 0, seed = 1 }: SceneOptions = {}): Scene => {
  const kernel = new Kernel({ seed });
  const clock = createSimulatedClock(kernel);
  const [faults, kinds, moments] = [{ ...noTableFaults }, [] as string[], [] as string[]];
  const table = createTableModel(kernel, {
    faults,
    staleMs,
    onFault: (kind) => kinds.push(kind),
    moment: async (what) => {
      moments.push(what);
    },
  });
  const store = createDynamoDbSessionStore({ client: table.sender, clock, ids: createIds(clock) });
  return { kernel, faults, table, store, kinds, moments };
};

/** Runs `act` as a process of the simulation, and everything that follows from it. */
const play = async <T>({ kernel }: Scene, act: () => Promise<T>): Promise<T> => {
  let acted: Promise<T> | undefined;
  kernel.schedule(0, kernel.createProcess('caller'), 'act', () => {
    acted = act();
    acted.catch(() => {});
  });
  expect(await kernel.run(600_000 + kernel.elapsedMs)).toBe('idle');
  if (acted === undefined) throw new Error('the event has not run');
  return acted;
};

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );

const idle = (scene: Scene, ms: number) => scene.kernel.delay(ms, 'idle');

test('throttles with the error of the SDK that the store knows', async () => {
  const scene = setScene();
  const record = provisioningRecord();
  scene.faults.throttled = 1;
  expect(await play(scene, () => codeOf(scene.store.create(record)))).toBe('route_store_throttled');
  expect([scene.table.rows(), scene.kinds]).toEqual([[], ['dynamodb throttled']]);
});

test('loses writes before or after they take effect', async () => {
  for (const [kind, rows] of [
    ['lostBefore', 0],
    ['lostAfter', 1],
  ] as const) {
    const scene = setScene();
    scene.faults[kind] = 1;
    const code = await play(scene, () => codeOf(scene.store.create(provisioningRecord())));
    expect([code, scene.table.rows().length]).toEqual(['route_store_unavailable', rows]);
    expect(scene.kinds).toEqual([`dynamodb ${kind}`]);
  }
});

test('sends a write again as the SDK does, and says so in the refusal of the second', async () => {
  const scene = setScene();
  const record = provisioningRecord();
  scene.faults.retried = 1;
  const outcomes = await play(scene, async () => [
    await scene.store.create(record),
    await scene.store.create(record),
    await scene.store.update(readyRecord(record), 1),
  ]);
  expect(outcomes).toEqual(['created', 'exists', expect.objectContaining({ outcome: 'updated' })]);
  expect(scene.kinds).toEqual(Array(3).fill('dynamodb retried'));
});

test('executes an overtaken attempt after what the caller did next', async () => {
  const scene = setScene();
  const [tenantId, { session_id: sessionId }] = [newTenantId(), provisioningRecord()];
  const seen = await play(scene, async () => {
    scene.faults.overtaken = 1;
    await scene.store.addLive(tenantId, sessionId, 5);
    scene.faults.overtaken = 0;
    await scene.store.removeLive(tenantId, sessionId);
    const removed = await scene.store.listLive(tenantId);
    await idle(scene, 10_000);
    return [removed, await scene.store.listLive(tenantId)];
  });
  expect(seen).toEqual([[], [sessionId]]);
});

test('executes a slow write after its caller has given up', async () => {
  const late: unknown[] = [];
  for (let seed = 1; seed <= 20; seed += 1) {
    const scene = setScene({ seed });
    scene.faults.slow = 1;
    const record = provisioningRecord();
    const rowsThen = await play(scene, async () => {
      const code = await codeOf(scene.store.create(record));
      return [code, scene.table.rows().length];
    });
    expect(scene.table.rows()).toHaveLength(1);
    late.push(rowsThen);
  }
  expect(late).toContainEqual(['route_store_unavailable', 0]);
  expect(late).toContainEqual(['no error', 1]);
});

test('is out for some seconds, and works again', async () => {
  const scene = setScene();
  const { session_id: sessionId } = provisioningRecord();
  const read = () => codeOf(scene.store.get(sessionId, { consistent: true }));
  const codes = await play(scene, async () => {
    scene.faults.outage = 1;
    const first = await read();
    scene.faults.outage = 0;
    const second = await read();
    await idle(scene, 15_000);
    return [first, second, await read()];
  });
  expect(codes.at(0)).toBe('route_store_unavailable');
  expect(codes.at(2)).toBe('no error');
  expect(scene.kinds).toContain('dynamodb outage');
});

test('is out from the moment at which it takes a write whose response is lost', async () => {
  const scene = setScene();
  scene.faults.lostToOutage = 1;
  const record = provisioningRecord();
  const read = () => scene.store.get(record.session_id, { consistent: true });
  const codes = await play(scene, async () => [
    await codeOf(scene.store.create(record)),
    await codeOf(read()),
    await idle(scene, 15_000),
    (await read())?.state,
  ]);
  expect(codes[0]).toBe('route_store_unavailable');
  expect(codes[3]).toBe('provisioning');
  expect(scene.kinds.slice(0, 2)).toEqual(['dynamodb lostToOutage', 'dynamodb outage']);
});

test('reads what was true at any time of the last ms, unless the read is consistent', async () => {
  const scene = setScene({ staleMs: 500 });
  const record = provisioningRecord();
  const { session_id: sessionId, tenant_id: tenantId } = record;
  const states = { stale: [] as unknown[], listed: [] as unknown[], consistent: [] as unknown[] };
  await play(scene, async () => {
    await scene.store.create(record);
    await idle(scene, 1_000);
    await scene.store.update(readyRecord(record), 1);
    for (let read = 0; read < 40; read += 1) {
      states.stale.push((await scene.store.get(sessionId, { consistent: false }))?.state);
      states.listed.push(
        (await scene.store.listByTenant(tenantId, { limit: 5 })).sessions[0]?.state,
      );
      states.consistent.push((await scene.store.get(sessionId, { consistent: true }))?.state);
    }
    await idle(scene, 500);
    states.consistent.push((await scene.store.get(sessionId, { consistent: false }))?.state);
  });
  expect(new Set(states.consistent)).toEqual(new Set(['ready']));
  for (const seen of [states.stale, states.listed]) {
    expect(new Set(seen)).toEqual(new Set(['provisioning', 'ready']));
    // A later read sees less than an earlier one.
    expect(seen.lastIndexOf('provisioning')).toBeGreaterThan(seen.indexOf('ready'));
  }
});

test('executes what a process has sent before it was killed, and tells it nothing', async () => {
  const scene = setScene();
  const { kernel, store, table } = scene;
  const caller = kernel.createProcess('caller');
  const told: unknown[] = [];
  kernel.schedule(0, caller, 'act', () => {
    void store.create(provisioningRecord()).then((outcome) => told.push(outcome));
  });
  kernel.schedule(0.1, kernel.world, 'kill', () => kernel.kill(caller));
  await kernel.run(60_000);
  expect([told, table.rows().length]).toEqual([[], 1]);
});

test('passes a moment before a request and one after its response', async () => {
  const scene = setScene();
  await play(scene, () => scene.store.create(provisioningRecord()));
  expect(scene.moments).toEqual(['dynamodb PutItem', 'dynamodb PutItem done']);
});

test('tells of every write with the item before and after it', async () => {
  const scene = setScene();
  const record = provisioningRecord();
  const [tenantId, { session_id: sessionId }] = [newTenantId(), record];
  const writes: unknown[] = [];
  scene.table.onWrite((key, before, after) =>
    writes.push([key, before?.state?.S ?? before?.ids, after?.state?.S ?? after?.ids]),
  );
  await play(scene, async () => {
    await scene.store.create(record);
    await scene.store.create(record);
    await scene.store.update(endedRecord(record), 1);
    await scene.store.addLive(tenantId, sessionId, 1);
    await scene.store.removeLive(tenantId, sessionId);
  });
  expect(writes).toEqual([
    [sessionId, undefined, 'provisioning'],
    [sessionId, 'provisioning', 'ended'],
    [`live#${tenantId}`, undefined, { SS: [sessionId] }],
    [`live#${tenantId}`, { SS: [sessionId] }, undefined],
  ]);
});

test('is a function of its seed', async () => {
  const hashOf = async (seed: number) => {
    const scene = setScene({ seed, staleMs: 500 });
    Object.assign(scene.faults, { lostAfter: 0.2, retried: 0.2, slow: 0.2, throttled: 0.1 });
    await play(scene, async () => {
      for (let round = 0; round < 20; round += 1)
        await codeOf(scene.store.acquireLease('lease', 'holder', 1_000, 0));
    });
    return scene.kernel.hash;
  };
  expect(await hashOf(1)).toBe(await hashOf(1));
  expect(await hashOf(1)).not.toBe(await hashOf(2));
});
