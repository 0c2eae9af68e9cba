import { type Session, sessionSchema } from '@steppe/contracts/session';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { bindStatus } from '../../testing/bind-status.ts';
import { failingStore } from '../../testing/failing-store.ts';
import {
  type Behaviour,
  behaving,
  type Fakes,
  fakeRuntimes,
  startFakes,
} from '../../testing/fake-provisioner.ts';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
  traces,
} from '../../testing/open-control-plane.ts';

let fixture: TestFixture;
let tenantId = newTenantId();
beforeAll(async () => {
  fixture = await openTestFixture();
});
afterAll(() => fixture.close());
let fakes: Fakes;
beforeEach(async () => {
  tenantId = newTenantId();
  fakes = await startFakes();
});
let planes: OpenControlPlane[] = [];
/** The control-planes of a test share one provisioner. Its instances end after each test. */
afterEach(async () => {
  await Promise.all(planes.map((plane) => plane.close()));
  planes = [];
  expect(await fakes.leftovers()).toEqual([]);
});

const runtimesWith = (name: string, poolSize: number) =>
  fakeRuntimes.map((runtime) => (runtime.name === name ? { ...runtime, poolSize } : runtime));

async function open(name: Behaviour | 'python', poolSize: number, store = fixture.store) {
  const { provisioner, signer } = fakes;
  const parts = { store, provisioner, signer };
  const plane = await fixture.open(parts, {}, { runtimes: runtimesWith(name, poolSize) });
  planes.push(plane);
  return plane;
}

const warm = async () => (await fakes.provisioner.list()).filter(({ state }) => state === 'warm');
const idsOf = (instances: { instanceId: string }[]) =>
  instances.map(({ instanceId }) => instanceId).toSorted();
const end = (plane: OpenControlPlane, { session_id }: Session) =>
  plane.call(tenantId, 'DELETE', pathOf(session_id));

it('binds a warm instance with everything of the session, and replaces it', async () => {
  const plane = await open('python', 2);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(2);
  const before = idsOf(await warm());
  const session = await plane.create(tenantId, {
    env: { PYTHONHASHSEED: '0' },
    idle_timeout_seconds: 60,
  });
  expect(before).toContain(session.instance_id);
  expect(session).toMatchObject({ state: 'ready', epoch: 1 });
  if (session.instance_id === null) throw new Error('a ready session has an instance');
  expect(JSON.parse(await fakes.readIn(session.instance_id, 'run/bound.json'))).toMatchObject({
    session_id: session.session_id,
    tenant_id: tenantId,
    env: { PYTHONHASHSEED: '0' },
    idle_timeout_seconds: 60,
  });
  await expectEventually(warm).toHaveLength(2);
  await end(plane, session);
});

it('starts cold if the resources differ or the pool is empty', async () => {
  const plane = await open('python', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const [{ instanceId } = { instanceId: '' }] = await warm();
  const large = await plane.create(tenantId, { resources: { memory: '1Gi' } });
  expect(idsOf(await warm())).toEqual([instanceId]);
  const sessions = await Promise.all([
    plane.create(tenantId),
    plane.create(tenantId),
    plane.create(tenantId),
  ]);
  expect(sessions.filter(({ instance_id }) => instance_id === instanceId)).toHaveLength(1);
  expect(new Set(sessions.map(({ instance_id }) => instance_id)).size).toBe(3);
  await Promise.all([large, ...sessions].map((session) => end(plane, session)));
});

it('shares the pool between control-planes, and binds no instance twice', async () => {
  const [first, second] = [await open('python', 4), await open('python', 4)];
  first.fillPool();
  await expectEventually(warm).toHaveLength(4);
  const creates = Array.from({ length: 8 }, (_, index) =>
    (index % 2 ? first : second).create(tenantId),
  );
  const sessions = await Promise.all(creates);
  expect(new Set(sessions.map(({ instance_id }) => instance_id)).size).toBe(8);
  await Promise.all(sessions.map((session) => end(second, session)));
});

it('starts another instance if a warm one refuses its bind, and ends the warm one', async () => {
  const plane = await open('refuse-bind', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const [{ instanceId } = { instanceId: '' }] = await warm();
  // The instance that is started instead refuses too, so the client gets an error and nothing is
  // left of either instance.
  const { status } = await plane.call(tenantId, 'POST', '/v1/sessions', {
    body: { runtime: 'refuse-bind' },
  });
  expect(status).toBe(503);
  expect(await traces(fixture.store, tenantId)).toEqual({ live: [], states: ['failed'], keys: [] });
  await expectEventually(async () => idsOf(await fakes.provisioner.list())).not.toContain(
    instanceId,
  );
});

it('uses another instance if the warm one was bound before', async () => {
  const plane = await open('python', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const [found] = await warm();
  if (found?.state !== 'warm') throw new Error('there is a warm one');
  expect(await bindStatus(fakes.signer, found.instanceId, found.address, newSessionId())).toBe(200);
  const session = await plane.create(tenantId);
  expect(session).toMatchObject({ state: 'ready', epoch: 1 });
  expect(session.instance_id).not.toBe(found.instanceId);
  await expectEventually(async () => idsOf(await fakes.provisioner.list())).not.toContain(
    found.instanceId,
  );
  const { body } = await plane.call(tenantId, 'GET', pathOf(session.session_id));
  expect(sessionSchema.parse(body).state).toBe('ready');
  await end(plane, session);
});

it.each([
  ['named', 1],
  ['made ready', 2],
])(
  'leaves nothing of a warm instance if the store fails when its session is %s',
  async (_, from) => {
    const plane = await open('python', 1, failingStore(fixture.store, { method: 'update', from }));
    plane.fillPool();
    await expectEventually(warm).toHaveLength(1);
    const [found] = await warm();
    const { status, body } = await plane.call(tenantId, 'POST', '/v1/sessions');
    expect([status, body]).toMatchObject([503, { error: { code: 'route_store_unavailable' } }]);
    expect(await traces(fixture.store, tenantId)).toEqual({
      live: [],
      states: ['failed'],
      keys: [],
    });
    expect(idsOf(await fakes.provisioner.list())).not.toContain(found?.instanceId);
  },
);

it('ends a claimed instance if its create is aborted before the bind', async () => {
  const plane = await open('hang-bind', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const [found] = await warm();
  const client = new AbortController();
  const options = { body: { runtime: 'hang-bind' }, signal: client.signal };
  const left = plane.call(tenantId, 'POST', '/v1/sessions', options);
  await expectEventually(async () =>
    (await fakes.provisioner.list()).map(({ state }) => state),
  ).toContain('claimed');
  client.abort();
  await expect(left).rejects.toThrow();
  await expectEventually(async () => idsOf(await fakes.provisioner.list())).not.toContain(
    found?.instanceId,
  );
  await expectEventually(() => traces(fixture.store, tenantId)).toEqual({
    live: [],
    states: ['ended'],
    keys: [],
  });
});

it('skips an instance that died in the pool, and replaces it', async () => {
  const plane = await open('python', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const [found] = await warm();
  if (!found) throw new Error('there is a warm one');
  const { instanceId } = found;
  process.kill(await fakes.pidOf(instanceId), 'SIGKILL');
  await expectEventually(async () => idsOf(await warm())).not.toContain(instanceId);
  const session = await plane.create(tenantId);
  expect(session.state).toBe('ready');
  await expectEventually(warm).toHaveLength(1);
  await end(plane, session);
});

it('counts creates by start and outcome, the pool, and calls of the provisioner', async () => {
  const plane = await open('python', 1);
  plane.fillPool();
  await expectEventually(warm).toHaveLength(1);
  const session = await plane.create(tenantId);
  const large = await plane.create(tenantId, { resources: { memory: '1Gi' } });
  await plane.call(tenantId, 'POST', '/v1/sessions', {
    body: { runtime: behaving('crash-before-ready').name },
  });
  await Promise.all([session, large].map((one) => end(plane, one)));
  await expectEventually(warm).toHaveLength(1);
  const metrics = async () =>
    (await fetch(`http://127.0.0.1:${plane.operatorPort}/metrics`)).text();
  for (const line of [
    /^steppe_session_create_duration_seconds_count\{.*start="warm",outcome="ready".*\} 1$/m,
    /^steppe_session_create_duration_seconds_count\{.*start="cold",outcome="ready".*\} 1$/m,
    /^steppe_session_create_duration_seconds_count\{.*start="cold",outcome="crashed".*\} 1$/m,
    /^steppe_provisioner_call_duration_seconds_count\{.*call="claim",outcome="ok".*\} 1$/m,
    /^steppe_provisioner_call_duration_seconds_count\{.*call="start",outcome="failed".*\} 1$/m,
    /^steppe_pool_target\{.*runtime="python".*\} 1$/m,
    /^steppe_pool_instances\{.*runtime="python".*\} [01]$/m,
  ]) {
    await expectEventually(metrics).toMatch(line);
  }
});
