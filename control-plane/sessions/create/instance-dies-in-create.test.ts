import type { InstanceId } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import type { SessionStore } from '@steppe/session-store/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SessionProvisioner } from '../../provisioner/session-provisioner.ts';
import { fakeRuntimes } from '../../testing/fake-provisioner.ts';
import {
  type OpenControlPlane,
  openTestFixture,
  pathOf,
  type TestFixture,
} from '../../testing/open-control-plane.ts';
import { recordTermination } from '../termination/record.ts';

let fixture: TestFixture;
beforeEach(async () => {
  fixture = await openTestFixture();
});
afterEach(() => fixture.close());

const noMetrics = { created: () => {}, ended: () => {} };
const kill = async (instanceId: InstanceId) =>
  process.kill(await fixture.fakes.pidOf(instanceId), 'SIGKILL');
const isEnded = (instanceId: InstanceId) =>
  expectEventually(async () =>
    (await fixture.fakes.provisioner.list()).map((listed) => listed.instanceId),
  ).not.toContain(instanceId);
const metricsOf = async ({ operatorPort }: OpenControlPlane) =>
  (await fetch(`http://127.0.0.1:${operatorPort}/metrics`)).text();
const creates = (start: string, outcome: string) =>
  new RegExp(
    `^steppe_session_create_duration_seconds_count\\{.*start="${start}",outcome="${outcome}".*\\} 1$`,
    'm',
  );

it('uses another instance if a warm one dies between its claim and its bind', async () => {
  const { provisioner } = fixture.fakes;
  let dead: InstanceId | undefined;
  const deadly: SessionProvisioner = {
    ...provisioner,
    async claim(request) {
      const instance = await provisioner.claim(request);
      dead = instance?.instanceId;
      if (dead) await kill(dead);
      return instance;
    },
    async start(request) {
      // Its end has been reported by now, while the row does not name another instance yet.
      if (dead) await isEnded(dead);
      return provisioner.start(request);
    },
  };
  const runtimes = fakeRuntimes.map((runtime) =>
    runtime.name === 'python' ? { ...runtime, poolSize: 1 } : runtime,
  );
  const plane = await fixture.open({ provisioner: deadly }, {}, { runtimes });
  plane.fillPool();
  await expectEventually(async () => (await provisioner.list()).map(({ state }) => state)).toEqual([
    'warm',
  ]);
  const tenantId = newTenantId();
  const session = await plane.create(tenantId);
  expect(dead).toBeDefined();
  expect(session.instance_id).not.toBe(dead);
  expect(await metricsOf(plane)).toMatch(creates('cold', 'ready'));
  expect((await plane.call(tenantId, 'GET', pathOf(session.session_id))).body).toMatchObject({
    state: 'ready',
  });
});

it('records the end of a warm instance that died bound, before its row named it', async () => {
  const { provisioner, readIn } = fixture.fakes;
  const update: SessionStore['update'] = async (next, ...rest) => {
    if (next.state === 'provisioning' && next.instance_id) {
      const instanceId = next.instance_id;
      await expectEventually(() => readIn(instanceId, 'run/bound.json')).toContain(next.session_id);
      await kill(instanceId);
      await isEnded(instanceId);
    }
    return fixture.store.update(next, ...rest);
  };
  const runtimes = fakeRuntimes.map((runtime) =>
    runtime.name === 'python' ? { ...runtime, poolSize: 1 } : runtime,
  );
  const plane = await fixture.open({ store: { ...fixture.store, update } }, {}, { runtimes });
  plane.fillPool();
  await expectEventually(async () => (await provisioner.list()).map(({ state }) => state)).toEqual([
    'warm',
  ]);
  const { session_id } = await plane.create(newTenantId());
  const row = () => fixture.store.get(session_id, { consistent: true });
  await expectEventually(row).toMatchObject({ state: 'ended', end_reason: 'crashed' });
});

it('records the end of an instance that died as its session became ready', async () => {
  const update: SessionStore['update'] = async (next, ...rest) => {
    if (next.state === 'ready') {
      await kill(next.instance_id);
      await isEnded(next.instance_id);
    }
    return fixture.store.update(next, ...rest);
  };
  const plane = await fixture.open({ store: { ...fixture.store, update } });
  const { session_id } = await plane.create(newTenantId());
  const row = () => fixture.store.get(session_id, { consistent: true });
  await expectEventually(row).toMatchObject({
    state: 'ended',
    end_reason: 'crashed',
    end_detail: 'signal SIGKILL',
  });
});

it('returns, records and counts one reason if another process ends the row', async () => {
  const update: SessionStore['update'] = async (next, ...rest) => {
    const { session_id: sessionId } = next;
    const cause = { reason: 'provisioning_timeout', detail: 'as the reconciler found it' } as const;
    if (next.state === 'ready')
      await recordTermination(
        { store: fixture.store, metrics: noMetrics, clock: systemClock },
        { sessionId, cause },
      );
    return fixture.store.update(next, ...rest);
  };
  const plane = await fixture.open({ store: { ...fixture.store, update } });
  const tenantId = newTenantId();
  const { body } = await plane.call(tenantId, 'POST', '/v1/sessions');
  expect(body).toMatchObject({
    error: { code: 'provisioning_failed', details: { end_reason: 'provisioning_timeout' } },
  });
  const { sessions } = await fixture.store.listByTenant(tenantId, { limit: 9 });
  expect(sessions).toMatchObject([{ state: 'failed', end_reason: 'provisioning_timeout' }]);
  expect(await metricsOf(plane)).toMatch(creates('cold', 'provisioning_timeout'));
});
