import { sessionIdSchema } from '@steppe/contracts/ids';
import { localAccess } from '@steppe/route-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/route-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/route-store/dynamodb/dynamodb-session-store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cutter, startCutter } from '../../data-plane/testing/start-cutter.ts';
import { type Client, connect } from './harness/client.ts';
import { eventually, findInstance } from './harness/instance.ts';
import { node, python } from './harness/languages.ts';
import { newTenant } from './harness/local.ts';
import { open } from './harness/raw-http.ts';
import { prepareServices, type Service, type Services } from './harness/services.ts';
import { getStep, letGo, readEvents, stepThatWrote, stepWith } from './harness/steps.ts';

let services: Services;
let dataPlane: Service;
const opened: { close(): unknown }[] = [];
beforeAll(async () => {
  services = await prepareServices();
  const controlPlane = await services.start('control-plane');
  dataPlane = await services.start('data-plane', { CONTROL_PLANE_URL: controlPlane.url });
});
afterAll(async () => {
  await services.close();
  for (const one of opened) await one.close();
});

/** A session whose agent is reached through a cutter. */
async function sessionBehindCutter(
  runtime: 'python' | 'node',
): Promise<{ client: Client; id: string; instanceId: string; cutter: Cutter }> {
  const client = connect(dataPlane.url, await services.tokenFor(newTenant()));
  const { session_id: id } = await client.createSession({ runtime });
  const dynamoDb = createDynamoDbClient({ ...localAccess, endpoint: services.dynamoDb.endpoint });
  const store = createDynamoDbSessionStore({ client: dynamoDb, tableName: services.dynamoDb.tableName });
  const record = await store.get(sessionIdSchema.parse(id), { consistent: true });
  if (record?.state !== 'ready') throw new Error('the session is not ready');
  const cutter = await startCutter(Number(new URL(record.address).port));
  opened.push(cutter);
  await store.update({ ...record, address: cutter.url }, record.version);
  dynamoDb.destroy();
  return { client, id, instanceId: record.instance_id, cutter };
}

const linesOf = (text: string) => text.trimEnd().split('\n');
const printThirty = {
  python: 'import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.01)',
  node: 'for (let i = 0; i < 30; i++) { console.log(i); await new Promise((r) => setTimeout(r, 10)); }',
};

describe.each([python, node])('between a data-plane and an agent of $runtime', (language) => {
  test('connections that break in the middle of events leave no gap and no repeat', async () => {
    const { client, id, cutter } = await sessionBehindCutter(language.runtime);
    cutter.cuts.push(...Array.from({ length: 8 }, (_, i) => 400 + 237 * i));
    const answer = await client.call(
      'POST',
      `/v1/sessions/${id}/steps`,
      { code: printThirty[language.runtime] },
      { accept: 'application/x-ndjson' },
    );
    const events = await readEvents(answer);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed', execution_count: 1 });
    const text = events.map((event) => (event.type === 'stdout' ? event.text : '')).join('');
    expect(linesOf(text)).toEqual(Array.from({ length: 30 }, (_, i) => String(i)));
    expect(cutter.connections()).toBeGreaterThan(2);
  });

  test('a step that is waited for runs once, whatever breaks meanwhile', async () => {
    const { client, id, cutter } = await sessionBehindCutter(language.runtime);
    const answering = client.run(id, language.waitForGo, { step_id: 'waited' });
    await stepThatWrote(client, id, 'waited', 'waiting');
    cutter.cutAll();
    await letGo(client, id);
    expect(await answering).toMatchObject({ status: 'completed', execution_count: 1 });
    expect((await client.run(id, '1')).execution_count).toBe(2);
  });

  test('a break cancels no step that is to end with its client, and the client’s leaving does, in either form', {
    timeout: 60_000,
  }, async () => {
    const breakAndLeave = async (accept: string) => {
      const { client, id, cutter } = await sessionBehindCutter(language.runtime);
      const headers = { accept, 'content-type': 'application/json' };
      const left = open(client, 'POST', `/v1/sessions/${id}/steps`, headers);
      left.end(JSON.stringify({ code: language.waitForGo, step_id: 'mine', on_disconnect: 'cancel' }));
      await stepThatWrote(client, id, 'mine', 'waiting');
      cutter.cutAll();
      await eventually(() => expect(cutter.connections()).toBeGreaterThan(1));
      // Longer than an agent waits for a connection to be made again.
      await new Promise((resolve) => setTimeout(resolve, 7_500));
      expect(await getStep(client, id, 'mine')).toMatchObject({ status: 'running' });
      left.destroy();
      expect(await stepWith(client, id, 'mine', 'cancelled')).toMatchObject({ state_lost: false });
    };
    await Promise.all(['application/json', 'text/event-stream'].map(breakAndLeave));
  });

  test('a restart whose answer is lost is carried out once', async () => {
    const { client, id, cutter } = await sessionBehindCutter(language.runtime);
    // The first connection carries the question for the epoch, and breaks in the middle of the second answer.
    cutter.cuts.push(600);
    const answer = await client.call('POST', `/v1/sessions/${id}/restart`);
    expect(await answer.json()).toEqual({ epoch: 2 });
    expect(cutter.connections()).toBe(2);
    expect(await client.run(id, '1')).toMatchObject({ epoch: 2, state_lost: false });
  });

  test('an agent that is killed in the middle of events is told by a broken stream, and then by 410', async () => {
    const { client, id, instanceId } = await sessionBehindCutter(language.runtime);
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
      expect(await client.errorOf(client.call('POST', `/v1/sessions/${id}/steps`, { code: '1' }))).toMatchObject({ status: 410 });
    });
  });
});
