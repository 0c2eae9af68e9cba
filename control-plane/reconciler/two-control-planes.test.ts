import type { TenantId } from '@steppe/contracts/ids';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isTerminal } from '../sessions/termination/cause.ts';
import { histories, seed } from '../testing/config.ts';
import { type ReconcilerFixture, startTables, type Tables } from '../testing/reconciler-fixture.ts';
import { type Event, quota, startSimulation } from '../testing/simulation.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const plane = fc.nat({ max: 1 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('create'), plane, tenant: fc.nat({ max: 1 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('delete'), plane, session: fc.nat({ max: 20 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fill_pool'), plane, isOld: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill'), instance: fc.nat({ max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reconcile'), plane }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash'),
      plane,
      afterMoments: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait'),
      ms: fc.constantFrom(1_000, 11_000, 71_000, 7_300_000),
    }),
  },
);
/**
 * Decides for each call of a port whether it fails; the sequence is repeated. One in ten calls
 * fails, and in some histories none.
 */
const faults = fc.oneof(
  fc.constant([false]),
  fc.array(
    fc.nat({ max: 9 }).map((n) => n === 0),
    { minLength: 40, maxLength: 40 },
  ),
);

async function liveRows(fixture: ReconcilerFixture, tenantId: TenantId) {
  const { sessions } = await fixture.store.listByTenant(tenantId, { limit: 200 });
  return sessions.filter((row) => !isTerminal(row));
}

/**
 * What is wrong in a simulation at rest: in rows and quotas, in instances, and in the reported
 * ends.
 */
async function complaints(
  fixture: ReconcilerFixture,
  tenants: readonly TenantId[],
  ends: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  const owned = new Set<string>();
  const living = new Map(
    fixture.inMemory.living().map((instance) => [instance.instanceId, instance]),
  );
  for (const tenantId of tenants) {
    const rows = await liveRows(fixture, tenantId);
    const isReserved = await fixture.store.listLive(tenantId);
    for (const row of rows) {
      const instance = row.instance_id && living.get(row.instance_id);
      if (row.state !== 'ready' || !instance || instance.boundTo !== row.session_id)
        found.push(`${row.session_id} is not served`);
      if (instance) owned.add(instance.instanceId);
      if (!isReserved.includes(row.session_id)) found.push(`${row.session_id} is not counted`);
    }
    if (isReserved.length !== rows.length)
      found.push(`${isReserved.length} are counted, and ${rows.length} live`);
    if (rows.length > quota) found.push(`${rows.length} live, and ${quota} may`);
  }
  for (const { instanceId, state, version } of living.values()) {
    const isPooled = state === 'warm' && version !== 'old';
    if (!isPooled && !owned.has(instanceId))
      found.push(`${instanceId} leaks: it is ${state}, version ${version}`);
  }
  if (new Set(ends).size !== ends.length) found.push('an end was recorded twice');
  return found;
}

it('makes rows, instances and quotas agree in the end, after any history of two control-planes', {
  timeout: 300_000,
  retry: 0,
}, async () => {
  process.stderr.write(`two control-planes: STEPPE_TEST_SEED=${seed}\n`);
  const history = fc.array(event, { minLength: 30, maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(history, faults, async (events, atFault) => {
      const fixture = await tables.openFixture(quota);
      let calls = 0;
      const world = startSimulation(fixture, () => atFault[calls++ % atFault.length] === true);
      for (const each of events) {
        await world.happen(each);
        const rows = await Promise.all(
          world.tenants.map((tenantId) => liveRows(fixture, tenantId)),
        );
        expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(quota);
      }
      await world.settle();
      expect(await complaints(fixture, world.tenants, world.ends)).toEqual([]);
    }),
    { seed, numRuns: histories, endOnFailure: true },
  );
});
