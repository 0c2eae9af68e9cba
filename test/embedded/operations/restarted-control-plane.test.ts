import { sessionSchema } from '@steppe/contracts/session';
import { expectEventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

let services: Services;
beforeAll(async () => {
  services = await prepareServices();
});
afterAll(() => services.close());

const timeout = 30_000;
const start = () =>
  services.start('control-plane', {
    STEPPE_POOL_SIZE: '2',
    RECONCILE_INTERVAL_SECONDS: '1',
    RECONCILE_LEASE_SECONDS: '3',
    RECONCILE_GRACE_SECONDS: '1',
  });
const warmOf = async ({ operatorUrl }: Service): Promise<number> => {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text();
  return Number(/^steppe_pool_instances\{.*runtime="python".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
};

async function create(plane: Service, token: string, body: object = {}) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${plane.url}/v1/sessions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (response.status !== 201)
    throw new Error(`create: ${response.status} ${await response.text()}`);
  return sessionSchema.parse(await response.json());
}

test('a control-plane that is killed and started again ends the sessions that it lost, and works again', async () => {
  const killed = await start();
  const token = await services.tokenFor('restart');
  const headers = { authorization: `Bearer ${token}` };
  await expectEventually(() => warmOf(killed), timeout).toBe(2);
  const lost = await create(killed, token, { resources: { memory: '256Mi' } });
  await killed.stop('SIGKILL');
  const restarted = await start();
  const read = async (id: string) =>
    sessionSchema.parse(
      await (await fetch(`${restarted.url}/v1/sessions/${id}`, { headers })).json(),
    );
  await expectEventually(() => read(lost.session_id), timeout).toMatchObject({
    state: 'ended',
    end_reason: 'crashed',
  });
  await expectEventually(() => warmOf(restarted), timeout).toBe(2);
  const session = await create(restarted, token);
  const removed = await fetch(`${restarted.url}/v1/sessions/${session.session_id}`, {
    method: 'DELETE',
    headers,
  });
  expect([session.state, removed.status]).toEqual(['ready', 204]);
});
