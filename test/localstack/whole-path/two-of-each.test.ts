import { type Session, sessionListSchema, sessionSchema } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import type { Services } from '../../support/processes/services.ts';
import { prepareTableServices, tableVariables } from '../harness/table-services.ts';

let services: Services;
/** One data-plane for each control-plane. */
let urls: string[];
beforeAll(async () => {
  services = await prepareTableServices();
  const env = { ...tableVariables(), SESSIONS_PER_TENANT: '3' };
  const startPair = async () => {
    const controlPlane = await services.start('control-plane', env);
    return services.start('data-plane', { ...env, CONTROL_PLANE_URL: controlPlane.url });
  };
  urls = [(await startPair()).url, (await startPair()).url];
});
afterAll(() => services.close());

/** Clients of one tenant, each through a data-plane and a control-plane of its own. */
async function openBoth(): Promise<[Client, Client]> {
  const token = await services.tokenFor(newTenant());
  const [one = '', other = ''] = urls;
  return [connect(one, token), connect(other, token)];
}

async function listed(client: Client): Promise<Session[]> {
  const response = await client.call('GET', '/v1/sessions?state=ready');
  return sessionListSchema.parse(await response.json()).sessions;
}

test('a session created through one runs, is listed and is patched through the other', async () => {
  const [one, other] = await openBoth();
  const { session_id: id } = await one.createSession();
  await one.run(id, python.remember);
  expect(await other.run(id, python.recall)).toMatchObject({ results: [{ 'text/plain': '42' }] });
  const path = `/v1/sessions/${id}`;
  const patched = await other.call('PATCH', path, { metadata: { by: 'other' } });
  expect(patched.status).toBe(200);
  await eventually(async () => {
    expect(await listed(one)).toMatchObject([{ session_id: id, metadata: { by: 'other' } }]);
  });
});

test('a session deleted through one is ended for the other', async () => {
  const [one, other] = await openBoth();
  const { session_id: id } = await one.createSession();
  await other.run(id, python.remember);
  expect((await one.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  const step = other.call('POST', `/v1/sessions/${id}/steps`, { code: python.recall });
  expect(await other.errorOf(step)).toMatchObject({ status: 410, code: 'session_ended' });
});

test('one quota holds for both, exactly', async () => {
  const both = await openBoth();
  const responses = await Promise.all(
    [0, 1, 0, 1, 0, 1].map((plane) => both[plane === 0 ? 0 : 1].call('POST', '/v1/sessions', {})),
  );
  expect(responses.map(({ status }) => status).toSorted()).toEqual([201, 201, 201, 429, 429, 429]);
  expect(await listed(both[0])).toHaveLength(3);
});

test('creates with one Idempotency-Key through both return one session', async () => {
  const both = await openBoth();
  const create = async (client: Client) => {
    const key = { 'idempotency-key': 'same' };
    return sessionSchema.parse(await (await client.call('POST', '/v1/sessions', {}, key)).json());
  };
  const created = await Promise.all([...both, ...both].map(create));
  expect(new Set(created.map(({ session_id: id }) => id)).size).toBe(1);
});
