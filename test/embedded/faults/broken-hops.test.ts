import { sessionIdSchema } from '@steppe/contracts/ids';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CuttingProxy,
  startCuttingProxy,
} from '../../../data-plane/testing/start-cutting-proxy.ts';
import { type Client, connect } from '../../support/api/client.ts';
import { newTenant } from '../../support/api/issuer.ts';
import { node, python } from '../../support/api/languages.ts';
import { open } from '../../support/api/raw-http.ts';
import { getStep, letGo, readEvents, stepThatWrote, stepWith } from '../../support/api/steps.ts';
import { findInstance } from '../../support/processes/instance.ts';
import { prepareServices, type Service, type Services } from '../../support/processes/services.ts';

let services: Services;
let controlPlane: Service;
let dataPlane: Service;
const opened: { close(): unknown }[] = [];
beforeAll(async () => {
  services = await prepareServices();
  controlPlane = await services.start('control-plane');
  dataPlane = await services.start('data-plane', { CONTROL_PLANE_URL: controlPlane.url });
});
afterAll(async () => {
  await services.close();
  for (const one of opened) await one.close();
});

/** A session with a proxy in front of its agent that cuts connections. */
async function sessionBehindProxy(
  runtime: 'python' | 'node',
): Promise<{ client: Client; id: string; instanceId: string; cuttingProxy: CuttingProxy }> {
  const token = await services.tokenFor(newTenant());
  const client = connect(dataPlane.url, token);
  // The data-plane learns the route of a session that is created through it.
  const { session_id: id } = await connect(controlPlane.url, token).createSession({ runtime });
  const dynamoDb = createDynamoDbClient({ ...localAccess, endpoint: services.dynamoDb.endpoint });
  const store = createDynamoDbSessionStore({
    client: dynamoDb,
    tableName: services.dynamoDb.tableName,
    ...realParts,
  });
  const record = await store.get(sessionIdSchema.parse(id), { consistent: true });
  if (record?.state !== 'ready') throw new Error('the session is not ready');
  const cuttingProxy = await startCuttingProxy(Number(new URL(record.address).port));
  opened.push(cuttingProxy);
  await store.update({ ...record, address: cuttingProxy.url }, record.version);
  dynamoDb.destroy();
  return { client, id, instanceId: record.instance_id, cuttingProxy };
}

const linesOf = (text: string) => text.trimEnd().split('\n');
const printThirty = {
  python: 'import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.01)',
  node: 'for (let i = 0; i < 30; i++) { console.log(i); await new Promise((r) => setTimeout(r, 10)); }',
};

describe.each([python, node])('between a data-plane and an agent of $runtime', (language) => {
  test('connections that break in the middle of events leave no gap and no repeat', async () => {
    const { client, id, cuttingProxy } = await sessionBehindProxy(language.runtime);
    cuttingProxy.cuts.push(...Array.from({ length: 8 }, (_, i) => 400 + 237 * i));
    const response = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: printThirty[language.runtime] },
      { accept: 'application/x-ndjson' },
    );
    const events = await readEvents(response);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)).toMatchObject({
      type: 'step_ended',
      status: 'completed',
      execution_count: 1,
    });
    const text = events.map((event) => (event.type === 'stdout' ? event.text : '')).join('');
    expect(linesOf(text)).toEqual(Array.from({ length: 30 }, (_, i) => String(i)));
    expect(cuttingProxy.connections()).toBeGreaterThan(2);
  });

  test('a step that a client waits for runs once, even if connections break', async () => {
    const { client, id, cuttingProxy } = await sessionBehindProxy(language.runtime);
    const responding = client.run(id, language.waitForGo, { step_id: 'waited' });
    await stepThatWrote(client, id, 'waited', 'waiting');
    cuttingProxy.cutAll();
    await letGo(client, id);
    expect(await responding).toMatchObject({ status: 'completed', execution_count: 1 });
    expect((await client.run(id, '1')).execution_count).toBe(2);
  });

  test('a step with on_disconnect cancel survives a broken hop, and ends when its client disconnects', async () => {
    // Resolves after an agent has waited for a reader that does not come back.
    const graceOfAnotherStep = async () => {
      const { client, id } = await sessionBehindProxy(language.runtime);
      const left = open(client, 'POST', `/v1/sessions/${id}/steps`, {
        'content-type': 'application/json',
      });
      left.end(
        JSON.stringify({ code: language.waitForGo, step_id: 'left', on_disconnect: 'cancel' }),
      );
      await stepThatWrote(client, id, 'left', 'waiting');
      left.destroy();
      await stepWith(client, id, 'left', 'cancelled');
    };
    const breakAndLeave = async (accept: string) => {
      const { client, id, cuttingProxy } = await sessionBehindProxy(language.runtime);
      const headers = { accept, 'content-type': 'application/json' };
      const left = open(client, 'POST', `/v1/sessions/${id}/steps`, headers);
      left.end(
        JSON.stringify({ code: language.waitForGo, step_id: 'mine', on_disconnect: 'cancel' }),
      );
      await stepThatWrote(client, id, 'mine', 'waiting');
      cuttingProxy.cutAll();
      await eventually(() => expect(cuttingProxy.connections()).toBeGreaterThan(1));
      await graceOfAnotherStep();
      expect(await getStep(client, id, 'mine')).toMatchObject({ status: 'running' });
      left.destroy();
      expect(await stepWith(client, id, 'mine', 'cancelled')).toMatchObject({ state_lost: false });
    };
    await Promise.all(['application/json', 'text/event-stream'].map(breakAndLeave));
  });

  test('a restart whose response is lost happens once', async () => {
    const { client, id, cuttingProxy } = await sessionBehindProxy(language.runtime);
    // The first connection carries the request for the epoch, and breaks in the middle of the
    // second response.
    cuttingProxy.cuts.push(600);
    const response = await client.call('POST', `/v1/sessions/${id}/restart`);
    expect(await response.json()).toEqual({ epoch: 2 });
    expect(cuttingProxy.connections()).toBe(2);
    expect(await client.run(id, '1')).toMatchObject({ epoch: 2, state_lost: false });
  });

  test('an agent that is killed in the middle of events breaks the stream, and later calls get 410', async () => {
    const { client, id, instanceId } = await sessionBehindProxy(language.runtime);
    const stream = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: language.waitForGo, step_id: 'cut' },
      { accept: 'text/event-stream' },
    );
    await stepThatWrote(client, id, 'cut', 'waiting');
    process.kill(findInstance(instanceId).agentPid, 'SIGKILL');
    await expect(stream.text()).rejects.toThrow();
    await eventually(async () => {
      expect(
        await client.errorOf(client.call('POST', `/v1/sessions/${id}/steps`, { code: '1' })),
      ).toMatchObject({ status: 410 });
    });
  });
});
