import type { SessionId, TenantId } from '@steppe/contracts/ids';
import { createSessionSchema } from '@steppe/contracts/session';
import { newTenantId } from '@steppe/route-store/conformance/session-records';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSession } from '../sessions/create-session.ts';
import { createLife, mortal } from '../testing/mortal.ts';
import { type BedServices, type ReconcilerBed, startTables, type Tables, testRules } from '../testing/reconciler-bed.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

const key = 'key';

/** A create with a key that ends as told, or never. */
const create = (services: BedServices, tenantId: TenantId) =>
  createSession(services, {
    tenantId,
    body: createSessionSchema.parse({}),
    idempotencyKey: key,
    client: new AbortController().signal,
  });

/** Its control-plane dies at that moment; gives the session's id where it was ready before that. */
async function createAndDie(bed: ReconcilerBed, tenantId: TenantId, moment: number): Promise<'dead' | SessionId> {
  const life = createLife();
  life.endAfter(moment);
  const { store, provisioner, agents } = bed.services();
  const services = bed.services({
    store: mortal(store, life),
    provisioner: mortal(provisioner, life),
    agents: mortal(agents, life),
  });
  const created = create(services, tenantId).then(({ record }) => record.session_id);
  return Promise.race([created, life.ended.then(() => 'dead' as const)]);
}

/** Asks as a client does, which may be told to try again. */
async function createAtLast(bed: ReconcilerBed, tenantId: TenantId): Promise<SessionId> {
  for (const last of [false, false, true]) {
    try {
      return (await create(bed.services(), tenantId)).record.session_id;
    } catch (error) {
      if (last) throw error;
    }
  }
  throw new Error('the last failure was thrown');
}

/** @returns what is live of the tenant: rows, and ids that its quota counts. */
async function remains(bed: ReconcilerBed, tenantId: TenantId) {
  const { sessions } = await bed.store.listByTenant(tenantId, { limit: 200 });
  const rows = sessions.filter(({ state }) => state === 'ready' || state === 'provisioning');
  return {
    rows: rows.map(({ session_id, state, instance_id }) => ({ session_id, state, instance_id })),
    counted: await bed.store.listLive(tenantId),
    instances: bed.place.living().map(({ instanceId, boundTo }) => ({ instanceId, boundTo })),
  };
}

async function settle(bed: ReconcilerBed): Promise<void> {
  for (const ms of [testRules.provisioningMs + testRules.graceMs + 1, testRules.graceMs + 1]) {
    bed.clock.nowMs += ms;
    await bed.pass();
  }
}

it('finishes or undoes a create whose control-plane died, at whatever moment, and its key is good again', async () => {
  const outcomes: string[] = [];
  for (let moment = 1, isOver = false; !isOver; moment += 1) {
    const bed = await tables.openBed();
    const tenantId = newTenantId();
    isOver = (await createAndDie(bed, tenantId, moment)) !== 'dead';
    await settle(bed);
    const left = await remains(bed, tenantId);
    outcomes.push(left.rows.length === 0 ? 'undone' : 'ready');
    if (left.rows.length === 0) expect(left).toEqual({ rows: [], counted: [], instances: [] });

    const sessionId = await createAtLast(bed, tenantId);
    const made = await remains(bed, tenantId);
    const [instance] = made.instances;
    expect(made).toEqual({
      rows: [{ session_id: sessionId, state: 'ready', instance_id: instance?.instanceId }],
      counted: [sessionId],
      instances: [{ instanceId: instance?.instanceId, boundTo: sessionId }],
    });
    if (left.rows.length > 0) expect(made).toEqual(left);
  }
  // Each call has a moment before it and one after it; those of the last find the session ready.
  expect(outcomes.length).toBeGreaterThan(12);
  expect(outcomes.slice(-2)).toEqual(['ready', 'ready']);
  expect(outcomes.slice(0, -2)).not.toContain('ready');
});
