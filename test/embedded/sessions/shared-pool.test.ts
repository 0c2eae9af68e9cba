import { sessionSchema } from '@steppe/contracts/session';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

let services: Services;
let planes: [Service, Service];
beforeAll(async () => {
  services = await prepareServices();
  const soon = {
    RECONCILE_INTERVAL_SECONDS: '1',
    RECONCILE_LEASE_SECONDS: '3',
    RECONCILE_GRACE_SECONDS: '1',
  };
  const start = () => services.start('control-plane', { STEPPE_POOL_SIZE: '2', ...soon });
  planes = [await start(), await start()];
}, 60_000);
afterAll(() => services.close());

const patient = { timeout: 30_000, interval: 50 };
const metric = async ({ operatorUrl }: Service, line: RegExp): Promise<number> =>
  Number(line.exec(await (await fetch(`${operatorUrl}/metrics`)).text())?.[1] ?? 0);
const warmOf = (plane: Service) =>
  metric(plane, /^steppe_pool_instances\{.*runtime="python".*\} (\d+)$/m);
const warmCreatesOf = (plane: Service) =>
  metric(
    plane,
    /^steppe_session_create_duration_seconds_count\{.*start="warm",outcome="ready".*\} (\d+)$/m,
  );

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

const remove = async (plane: Service, token: string, id: string) =>
  (
    await fetch(`${plane.url}/v1/sessions/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    })
  ).status;

test('two control-planes share one pool: what one keeps warm the other gives away, and no instance twice', async () => {
  const [first, second] = planes;
  const token = await services.tokenFor('pool');
  for (const plane of planes)
    await expect.poll(() => warmOf(plane), patient).toBeGreaterThanOrEqual(2);
  const sessions = await Promise.all(
    [first, second, first, second, first, second].map((plane) => create(plane, token)),
  );
  expect(new Set(sessions.map(({ instance_id }) => instance_id)).size).toBe(6);
  expect((await warmCreatesOf(first)) + (await warmCreatesOf(second))).toBeGreaterThanOrEqual(2);
  // Each is deleted where it was not made.
  const removed = await Promise.all(
    sessions.map(({ session_id }, at) => remove(at % 2 ? first : second, token, session_id)),
  );
  expect(removed).toEqual(Array(6).fill(204));
});

test('the end of a control-plane ends what it started, and the other one records that and continues', {
  timeout: 90_000,
}, async () => {
  const [first, second] = planes;
  const token = await services.tokenFor('survivor');
  const headers = { authorization: `Bearer ${token}` };
  const made = await create(first, token, { resources: { memory: '256Mi' } });
  await first.stop('SIGKILL');
  const read = async () =>
    sessionSchema.parse(
      await (await fetch(`${second.url}/v1/sessions/${made.session_id}`, { headers })).json(),
    );
  // Where the other one had not seen the instance before it was gone, the reconciler finds that it
  // is, and not how.
  const reason = expect.stringMatching(/^(node_lost|crashed)$/);
  await expect.poll(read, patient).toMatchObject({ state: 'ended', end_reason: reason });
  await expect.poll(() => warmOf(second), patient).toBeGreaterThanOrEqual(2);
  const session = await create(second, token);
  expect(session.state).toBe('ready');
  expect(await remove(second, token, session.session_id)).toBe(204);
});
