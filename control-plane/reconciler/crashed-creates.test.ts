import type { SessionId, TenantId } from '@steppe/contracts/ids';
import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSession } from '../sessions/create/create-session.ts';
import { crashable, createLife } from '../testing/crashable.ts';
import {
  type FixtureServices,
  type ReconcilerFixture,
  startTables,
  type Tables,
  testRules,
} from '../testing/reconciler-fixture.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const key = 'key';

/** A create with an idempotency key. */
const create = (services: FixtureServices, tenantId: TenantId) =>
  createSession(services, {
    tenantId,
    body: createSessionSchema.parse({}),
    idempotencyKey: key,
    client: new AbortController().signal,
  });

/**
 * Kills the control-plane of a create at this moment. Returns the session's id if it was ready
 * before that.
 */
async function createAndDie(
  fixture: ReconcilerFixture,
  tenantId: TenantId,
  moment: number,
): Promise<'dead' | SessionId> {
  const life = createLife();
  life.endAfter(moment);
  const { store, provisioner, agents } = fixture.services();
  const services = fixture.services({
    store: crashable(store, life),
    provisioner: crashable(provisioner, life),
    agents: crashable(agents, life),
  });
  const created = create(services, tenantId).then(({ record }) => record.session_id);
  return Promise.race([created, life.ended.then(() => 'dead' as const)]);
}

/** Sends requests as a client does that retries after a failure. */
async function createAtLast(fixture: ReconcilerFixture, tenantId: TenantId): Promise<SessionId> {
  for (const last of [false, false, true]) {
    try {
      return (await create(fixture.services(), tenantId)).record.session_id;
    } catch (error) {
      if (last) throw error;
    }
  }
  throw new Error('the last failure was thrown');
}

/** @returns the tenant's live rows, and the ids that its quota counts. */
async function remains(fixture: ReconcilerFixture, tenantId: TenantId) {
  const { sessions } = await fixture.store.listByTenant(tenantId, { limit: 200 });
  const rows = sessions.filter(({ state }) => state === 'ready' || state === 'provisioning');
  return {
    rows: rows.map(({ session_id, state, instance_id }) => ({ session_id, state, instance_id })),
    isReserved: await fixture.store.listLive(tenantId),
    instances: fixture.inMemory
      .living()
      .map(({ instanceId, boundTo }) => ({ instanceId, boundTo })),
  };
}

async function settle(fixture: ReconcilerFixture): Promise<void> {
  for (const ms of [testRules.provisioningMs + testRules.graceMs + 1, testRules.graceMs + 1]) {
    fixture.clock.nowMs += ms;
    await fixture.pass();
  }
}

it('finishes or rolls back a create whose process died, and makes its key usable', async () => {
  const outcomes: string[] = [];
  for (let moment = 1, isTerminal = false; !isTerminal; moment += 1) {
    const fixture = await tables.openFixture();
    const tenantId = newTenantId();
    isTerminal = (await createAndDie(fixture, tenantId, moment)) !== 'dead';
    await settle(fixture);
    const left = await remains(fixture, tenantId);
    outcomes.push(left.rows.length === 0 ? 'rolled back' : 'ready');
    if (left.rows.length === 0) expect(left).toEqual({ rows: [], isReserved: [], instances: [] });

    const sessionId = await createAtLast(fixture, tenantId);
    const made = await remains(fixture, tenantId);
    const [instance] = made.instances;
    expect(made).toEqual({
      rows: [{ session_id: sessionId, state: 'ready', instance_id: instance?.instanceId }],
      isReserved: [sessionId],
      instances: [{ instanceId: instance?.instanceId, boundTo: sessionId }],
    });
    if (left.rows.length > 0) expect(made).toEqual(left);
  }
  // Each call of a port has a moment before it and one after it. After the last moment the session
  // is ready.
  expect(outcomes.length).toBeGreaterThan(12);
  expect(outcomes.slice(-2)).toEqual(['ready', 'ready']);
  expect(outcomes.slice(0, -2)).not.toContain('ready');
});
