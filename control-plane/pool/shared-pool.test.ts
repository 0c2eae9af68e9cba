import { createSessionSchema } from '@steppe/contracts/session';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createSession } from '../sessions/create/create-session.ts';
import { deleteSession } from '../sessions/delete.ts';
import {
  type FixtureServices,
  type ReconcilerFixture,
  startTables,
  type Tables,
} from '../testing/reconciler-fixture.ts';
import { createWarmPool } from './warm-pool.ts';

let tables: Tables;
let fixture: ReconcilerFixture;
let planes: FixtureServices[] = [];
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());
beforeEach(async () => {
  fixture = await tables.openFixture();
});
afterEach(async () => {
  await Promise.all(planes.map(({ pool }) => pool.close()));
  planes = [];
});

const never = new AbortController().signal;
const warm = () => fixture.inMemory.living().filter(({ state }) => state === 'warm');

/**
 * A control-plane whose `python` runtime has a pool of this size. `version` replaces that of
 * the runtime.
 */
function open(poolSize: number, version?: string): FixtureServices {
  const given = fixture.services();
  const runtimes = given.runtimes
    .filter(({ name }) => name === 'python')
    .map((runtime) => ({ ...runtime, poolSize, ...(version && { version }) }));
  const { provisioner, logger } = given;
  const pool = createWarmPool({
    clock: systemClock,
    provisioner,
    runtimes,
    startLimitMs: 10_000,
    startsAtOnce: 2,
    metrics: { size: () => {}, startFailed: () => {} },
    logger,
  });
  const plane = {
    ...given,
    runtimes,
    pool,
    startedAtMs: fixture.clock.nowMs,
    versions: new Map(runtimes.map((runtime) => [runtime.name, runtime.version])),
  };
  planes.push(plane);
  return plane;
}

async function create(plane: FixtureServices, tenantId = newTenantId()) {
  const request = { tenantId, body: createSessionSchema.parse({}), idempotencyKey: undefined };
  const { record } = await createSession(plane, { ...request, client: never });
  return record;
}

it('lets control-planes claim from one shared pool, and no instance is claimed twice', async () => {
  const [first, second] = [open(2), open(2)];
  first.pool.fill();
  await expectEventually(warm).toHaveLength(2);
  const kept = warm().map(({ instanceId }) => instanceId);
  const tenantId = newTenantId();
  const sessions = await Promise.all(
    [second, second, first, second, first, second].map((plane) => create(plane, tenantId)),
  );
  const given = sessions.map(({ instance_id }) => instance_id);
  expect(new Set(given).size).toBe(6);
  expect(given).toEqual(expect.arrayContaining(kept));
  // Each session is deleted through the control-plane that did not create it.
  await Promise.all(
    sessions.map(({ session_id }, at) =>
      deleteSession(at % 2 ? first : second, tenantId, session_id),
    ),
  );
  expect(fixture.inMemory.living().filter(({ state }) => state === 'claimed')).toEqual([]);
});

it('claims by version in a rollout, and neither version ends instances of the other', async () => {
  const older = open(1, 'json');
  older.pool.fill();
  await expectEventually(warm).toHaveLength(1);
  const [old] = warm();
  fixture.clock.nowMs += 1_000;
  const newer = open(1, 'csv');
  fixture.clock.nowMs += 1_000;
  newer.pool.fill();
  await expectEventually(warm).toHaveLength(2);
  const made = warm().find(({ version }) => version !== old?.version);
  // After the grace period, the older control-plane is allowed to retire instances.
  fixture.clock.nowMs += 3_600_000;
  for (let passes = 0; passes < 3; passes += 1)
    await fixture.pass({ versions: older.versions, startedAtMs: older.startedAtMs });
  expect(warm()).toHaveLength(2);
  expect((await create(newer)).instance_id).toBe(made?.instanceId);
  expect((await create(older)).instance_id).toBe(old?.instanceId);
});
