import { sessionSchema } from '@steppe/contracts/session';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import {
  newTenantId,
  provisioningRecord,
  readyRecord,
} from '@steppe/session-store/conformance/session-records';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { InstanceEnd, SessionProvisioner } from '../provisioner/session-provisioner.ts';
import { failingStore } from '../testing/failing-store.ts';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
} from '../testing/open-control-plane.ts';
import { createAgentClient } from './agent-client.ts';

let fixture: TestFixture;
let plane: OpenControlPlane;
beforeAll(async () => {
  fixture = await openTestFixture();
  plane = await fixture.open();
});
afterAll(() => fixture.close());

type TenantId = ReturnType<typeof newTenantId>;
const get = async (tenantId: TenantId, id: string) =>
  sessionSchema.parse((await plane.call(tenantId, 'GET', `/v1/sessions/${id}`)).body);
const remove = (tenantId: TenantId, id: string) =>
  plane.call(tenantId, 'DELETE', `/v1/sessions/${id}`);
const instanceOf = ({
  instance_id: id,
}: {
  instance_id: ReturnType<typeof sessionSchema.parse>['instance_id'];
}) => {
  if (id === null) throw new Error('the session has no instance');
  return id;
};
const isListed = async (id: string) =>
  (await fixture.fakes.provisioner.list()).some(({ instanceId }) => instanceId === id);

it('ends session and instance and releases the quota, then returns 204, also again', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const first = await remove(tenantId, made.session_id);
  expect([first.status, first.body, await isListed(instanceOf(made))]).toEqual([
    204,
    undefined,
    false,
  ]);
  const ended = await get(tenantId, made.session_id);
  expect(ended).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
    instance_id: made.instance_id,
    ready_at: made.ready_at,
  });
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
  expect((await remove(tenantId, made.session_id)).status).toBe(204);
  expect(await get(tenantId, made.session_id)).toEqual(ended);
});

it('counts each end once, by its reason', async () => {
  const own = await fixture.open();
  const tenantId = newTenantId();
  const { session_id: id } = await own.create(tenantId);
  const deletes = [1, 2, 3].map(() => own.call(tenantId, 'DELETE', pathOf(id)));
  await Promise.all(deletes);
  const metrics = await (await fetch(`http://127.0.0.1:${own.operatorPort}/metrics`)).text();
  expect(metrics).toContain(
    'steppe_sessions_ended_total{state="ended",reason="deleted",service="control-plane"} 1\n',
  );
});

it('returns the same response to two concurrent deletes, and records one end', async () => {
  const tenantId = newTenantId();
  const { session_id: id } = await plane.create(tenantId);
  const responses = await Promise.all([
    remove(tenantId, id),
    remove(tenantId, id),
    remove(tenantId, id),
  ]);
  expect(responses.map(({ status }) => status)).toEqual([204, 204, 204]);
  const row = await fixture.store.get(id, { consistent: true });
  expect(row).toMatchObject({ state: 'ended', version: 4 });
});

it('returns the same 404 for foreign, missing and invalid ids, and changes nothing', async () => {
  const [owner, stranger] = [newTenantId(), newTenantId()];
  const { session_id: id } = await plane.create(owner);
  const responses = [
    await remove(stranger, id),
    await remove(stranger, newSessionId()),
    await remove(stranger, 'nothing'),
  ];
  expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
  expect((await get(owner, id)).state).toBe('ready');
});

it('ends a provisioning session: its create is rolled back and returns 410', async () => {
  const tenantId = newTenantId();
  const creating = plane.call(tenantId, 'POST', '/v1/sessions', {
    body: { runtime: 'never-ready' },
  });
  await expectEventually(
    async () => (await fixture.store.listByTenant(tenantId, { limit: 1 })).sessions.length,
  ).toBe(1);
  const [row] = (await fixture.store.listByTenant(tenantId, { limit: 1 })).sessions;
  expect((await remove(tenantId, row?.session_id ?? '')).status).toBe(204);
  expect(await creating).toMatchObject({
    status: 410,
    body: { error: { code: 'session_ended', details: { end_reason: 'deleted' } } },
  });
  expect(await get(tenantId, row?.session_id ?? '')).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
    ready_at: null,
  });
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
});

it('ends a session that another replica creates: that create rolls itself back', async () => {
  const replica = await fixture.open();
  const tenantId = newTenantId();
  const creating = replica.call(tenantId, 'POST', '/v1/sessions', {
    body: { runtime: 'hang-bind' },
  });
  const named = async () => (await fixture.store.listByTenant(tenantId, { limit: 1 })).sessions[0];
  await expectEventually(async () => (await named())?.instance_id).toBeDefined();
  const row = await named();
  expect((await remove(tenantId, row?.session_id ?? '')).status).toBe(204);
  expect((await creating).status).toBe(410);
  expect(await isListed(row?.instance_id ?? '')).toBe(false);
});

it('records once, with its exit status, that an instance exited by itself', async () => {
  const replica = await fixture.open();
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  process.kill(await fixture.fakes.pidOf(instanceOf(made)), 'SIGKILL');
  await expectEventually(() => fixture.store.listLive(tenantId)).toEqual([]);
  const response = await replica.call(tenantId, 'GET', pathOf(made.session_id));
  expect(response.body).toMatchObject({
    state: 'ended',
    end_reason: 'crashed',
    end_detail: 'signal SIGKILL',
  });
  expect(await fixture.store.get(made.session_id, { consistent: true })).toMatchObject({
    version: 4,
  });
  expect((await remove(tenantId, made.session_id)).status).toBe(204);
  expect(await get(tenantId, made.session_id)).toMatchObject({ end_reason: 'crashed' });
});

it('records the reason that an agent gives for its own end', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const instanceId = instanceOf(made);
  const row = await fixture.store.get(made.session_id, { consistent: true });
  if (row?.state !== 'ready') throw new Error('the session is ready');
  const agents = createAgentClient({ signer: fixture.fakes.signer, ...realParts });
  await agents.end({ instanceId, address: row.address }, 'idle', AbortSignal.timeout(5_000));
  await agents.close();
  await expectEventually(() => fixture.store.listLive(tenantId)).toEqual([]);
  expect(await get(tenantId, made.session_id)).toMatchObject({
    state: 'ended',
    end_reason: 'idle',
    end_detail: 'as requested',
  });
});

it('purges a session a day after its end', async () => {
  const tenantId = newTenantId();
  const { session_id: id } = await plane.create(tenantId);
  await remove(tenantId, id);
  const row = await fixture.store.get(id, { consistent: true });
  if (row?.state !== 'ended') throw new Error('the session has ended');
  const keptMs = row.purge_at * 1000 - Date.parse(row.ended_at);
  expect(keptMs).toBeGreaterThanOrEqual(86_400_000);
  expect(keptMs).toBeLessThan(86_401_000);
});

it('records one end if a delete and an exit happen at once', async () => {
  const tenantId = newTenantId();
  const made = await Promise.all(Array.from({ length: 8 }, () => plane.create(tenantId)));
  await Promise.all(
    made.map(async (session) => {
      const pid = await fixture.fakes.pidOf(instanceOf(session));
      const removing = remove(tenantId, session.session_id);
      process.kill(pid, 'SIGKILL');
      expect((await removing).status).toBe(204);
    }),
  );
  await expectEventually(() => fixture.store.listLive(tenantId)).toEqual([]);
  for (const { session_id: id } of made) {
    expect(await fixture.store.get(id, { consistent: true })).toMatchObject({
      state: 'ended',
      version: 4,
    });
  }
});

it('records an end even if the store is unavailable for a while', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const [listeners, unwatched] = watchable(fixture.fakes.provisioner);
  await fixture.open({
    provisioner: unwatched,
    store: failingStore(fixture.store, { method: 'get', from: 1, times: 3 }),
  });
  const row = readyRecord(provisioningRecord({ tenant_id: tenantId }));
  await fixture.store.create(row);
  await fixture.store.addLive(tenantId, row.session_id, 9);
  const { session_id: sessionId, instance_id: instanceId } = row;
  for (const listener of listeners)
    listener({ sessionId, instanceId, reason: 'oom_killed', detail: 'exit code 137' });
  await expectEventually(() => fixture.store.listLive(tenantId)).toEqual([made.session_id]);
  expect(await fixture.store.get(sessionId, { consistent: true })).toMatchObject({
    state: 'ended',
    end_reason: 'oom_killed',
  });
});

it('does not record the end of another instance as the end of the session', async () => {
  const tenantId = newTenantId();
  const [listeners, unwatched] = watchable(fixture.fakes.provisioner);
  const unsubscribed = await fixture.open({ provisioner: unwatched });
  const [row, other] = [readyRecord(provisioningRecord({ tenant_id: tenantId })), readyRecord()];
  await fixture.store.create(row);
  for (const listener of listeners)
    listener({ sessionId: row.session_id, instanceId: other.instance_id, reason: 'crashed' });
  await unsubscribed.close();
  expect(await fixture.store.get(row.session_id, { consistent: true })).toMatchObject({
    state: 'ready',
  });
});

it('returns 204 if the end is recorded but the reconciler has to end the instance', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const end = vi.fn(() => Promise.reject(new Error('the cluster refuses the call')));
  const refused = await fixture.open({
    provisioner: { ...fixture.fakes.provisioner, end, close: async () => {} },
  });
  expect((await refused.call(tenantId, 'DELETE', pathOf(made.session_id))).status).toBe(204);
  expect(end).toHaveBeenCalledWith(made.instance_id);
  expect(await get(tenantId, made.session_id)).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
  });
  expect((await remove(tenantId, made.session_id)).status).toBe(204);
  await expectEventually(() => isListed(instanceOf(made))).toBe(false);
});

it('returns 204 if the end is recorded but the quota cannot be released', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const store = failingStore(fixture.store, { method: 'removeLive', from: 1, times: 9 });
  const refused = await fixture.open({ store });
  expect((await refused.call(tenantId, 'DELETE', pathOf(made.session_id))).status).toBe(204);
  expect(await get(tenantId, made.session_id)).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
  });
  expect(await isListed(instanceOf(made))).toBe(false);
  expect((await remove(tenantId, made.session_id)).status).toBe(204);
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
});

it('returns 503 if the end cannot be recorded, and ends nothing', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  const refused = await fixture.open({
    store: failingStore(fixture.store, { method: 'update', from: 1 }),
  });
  expect((await refused.call(tenantId, 'DELETE', pathOf(made.session_id))).status).toBe(503);
  expect([await isListed(instanceOf(made)), (await get(tenantId, made.session_id)).state]).toEqual([
    true,
    'ready',
  ]);
});

it('responds to a delete whose instance does not end in time, and continues it', async () => {
  const tenantId = newTenantId();
  const made = await plane.create(tenantId);
  let finish = () => {};
  const slow: SessionProvisioner = {
    ...fixture.fakes.provisioner,
    close: async () => {},
    end: (instanceId) =>
      new Promise((resolve, reject) => {
        finish = () => void fixture.fakes.provisioner.end(instanceId).then(resolve, reject);
      }),
  };
  const impatient = await fixture.open({ provisioner: slow }, { endMs: 20 });
  expect((await impatient.call(tenantId, 'DELETE', pathOf(made.session_id))).status).toBe(204);
  expect(await get(tenantId, made.session_id)).toMatchObject({
    state: 'ended',
    end_reason: 'deleted',
  });
  finish();
  await expectEventually(() => isListed(instanceOf(made))).toBe(false);
});

/** A provisioner with listeners to which a test can report any end. */
function watchable(
  real: SessionProvisioner,
): [Set<(end: InstanceEnd) => void>, SessionProvisioner] {
  const listeners = new Set<(end: InstanceEnd) => void>();
  const watch: SessionProvisioner['watch'] = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return [listeners, { ...real, watch, close: async () => {} }];
}
