import { createServer } from 'node:http';
import { sessionSchema } from '@steppe/contracts/session';
import { createLogger } from '@steppe/service-kit/process/logger';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { listen } from '@steppe/session-store/dynalite/listen';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestFixture, pathOf, type TestFixture, traces } from './testing/open-control-plane.ts';

let fixture: TestFixture;
beforeEach(async () => {
  fixture = await openTestFixture();
});
afterEach(async () => {
  await fixture.close();
  expect(await fixture.fakes.leftovers()).toEqual([]);
});

it('ends every session as node_lost when it closes, and records each', async () => {
  const plane = await fixture.open();
  const tenantId = newTenantId();
  const made = await Promise.all([1, 2, 3].map(() => plane.create(tenantId)));
  await Promise.all([plane.close(), plane.close()]);
  expect(await fixture.fakes.leftovers()).toEqual([]);
  expect(await fixture.store.listLive(tenantId)).toEqual([]);
  const terminated = {
    end_reason: 'node_lost',
    end_detail: 'the control-plane that ran it was stopped',
  };
  for (const { session_id: id } of made) {
    expect(await fixture.store.get(id, { consistent: true })).toMatchObject({
      state: 'ended',
      ...terminated,
    });
  }
});

it('finishes a create that runs when it closes', async () => {
  const plane = await fixture.open();
  const tenantId = newTenantId();
  const creating = plane.create(tenantId);
  await expectEventually(() => fixture.store.listLive(tenantId)).toHaveLength(1);
  await plane.close();
  expect((await creating).state).toBe('ready');
});

it('rolls back creates that are not ready before the time limit of its close', async () => {
  const plane = await fixture.open({}, {}, { shutdownMs: 50 });
  const tenantId = newTenantId();
  const headers = { 'idempotency-key': 'k' };
  const body = { runtime: 'never-ready' };
  const left = plane
    .call(tenantId, 'POST', '/v1/sessions', { body, headers })
    .catch((error: unknown) => error);
  await expectEventually(fixture.fakes.leftovers).not.toEqual([]);
  await plane.close();
  expect(await left).toBeInstanceOf(Error);
  expect(await traces(fixture.store, tenantId, ['k'])).toEqual({
    live: [],
    states: ['failed'],
    keys: [],
  });
});

it('serves health and metrics on the operator port, and logs both ports', async () => {
  const lines: object[] = [];
  const to = { write: (line: string) => lines.push(JSON.parse(line)) };
  const plane = await fixture.open({
    logger: createLogger({ service: 'test', level: 'info', to }),
  });
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'listening',
      port: plane.port,
      operator_port: plane.operatorPort,
    }),
  );
  const operator = (path: string) => fetch(`http://127.0.0.1:${plane.operatorPort}${path}`);
  expect([(await operator('/livez')).status, (await operator('/readyz')).status]).toEqual([
    200, 200,
  ]);
  await plane.call(newTenantId(), 'GET', '/v1/runtimes');
  expect(await (await operator('/metrics')).text()).toContain('operation="list_runtimes"');
});

it('opens nothing if a port is in use, and names that port', async () => {
  const taken = await listen(createServer());
  const port = Number(new URL(taken.endpoint).port);
  await expect(fixture.open({}, {}, { port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  await taken.close();
});

it('lets two control-planes share a table: each sees the other’s sessions', async () => {
  const [one, other] = [await fixture.open(), await fixture.open()];
  const tenantId = newTenantId();
  const made = await one.create(tenantId);
  const { body } = await other.call(tenantId, 'GET', pathOf(made.session_id));
  expect(sessionSchema.parse(body)).toMatchObject({ session_id: made.session_id, state: 'ready' });
  expect((await other.call(tenantId, 'DELETE', pathOf(made.session_id))).status).toBe(204);
});
