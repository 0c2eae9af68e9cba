import { afterEach, expect, test } from 'vitest';
import { newTenant } from '../../support/api/issuer.ts';
import { python } from '../../support/api/languages.ts';
import { open as openRequest, responseOf } from '../../support/api/raw-http.ts';
import { getStep, letGo, readEvents, stepThatWrote, stepWith } from '../../support/api/steps.ts';
import { useCluster } from './rig/use-cluster.ts';

const cluster = useCluster({ AGENT_SILENCE_LIMIT_SECONDS: '6' });
afterEach(() => {
  for (const { proxy } of cluster().replicas) {
    proxy.heal();
    proxy.cut();
  }
});

async function open() {
  const { clientOf, createSession, replicas } = cluster();
  const tenant = newTenant();
  const [client, other] = [
    await clientOf(tenant, replicas[0]),
    await clientOf(tenant, replicas[1]),
  ];
  const session = await createSession(client);
  return {
    client,
    other,
    session,
    id: session.id,
    steps: `/v1/sessions/${session.id}/steps`,
    toClient: replicas[0].proxy,
  };
}
const code = `${python.waitForGo}\nprint("went on")`;

test('a stream over a client’s socket that stalls and recovers loses nothing', async () => {
  const { client, other, id, steps, toClient } = await open();
  const response = await client.call(
    'POST',
    steps,
    { code, step_id: 'a' },
    { accept: 'application/x-ndjson' },
  );
  toClient.setFault({ stalled: true });
  const reading = readEvents(response);
  await letGo(other, id);
  await stepWith(other, id, 'a', 'completed');
  toClient.heal();
  const events = await reading;
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed' });
});

test('a large response arrives whole over a slow socket', async () => {
  const { client, session, id, steps, toClient } = await open();
  for (const proxy of [toClient, session.proxy])
    proxy.setFault({ slow: { bytes: 700, everyMs: 1 } });
  const response = await client.call('POST', steps, { code: 'print("x" * 100_000)', step_id: 'a' });
  expect(await response.json()).toMatchObject({ stdout: `${'x'.repeat(100_000)}\n` });
  expect(await getStep(client, id, 'a')).toMatchObject({ status: 'completed' });
});

test('a call to an agent that stays silent too long gets 504; its step continues, and runs once', async () => {
  const { client, session, id, steps } = await open();
  await client.run(id, 'count = 0');
  session.proxy.setFault({ stalled: true });
  const error = await client.errorOf(
    client.call('POST', steps, { code: 'count += 1', step_id: 'a' }),
  );
  expect(error).toMatchObject({ status: 504, code: 'step_deadline_exceeded', retryable: false });
  session.proxy.heal();
  expect(await client.run(id, 'count += 1', { step_id: 'a' })).toMatchObject({
    status: 'completed',
    execution_count: 2,
  });
  expect(await client.run(id, 'count')).toMatchObject({ results: [{ 'text/plain': '1' }] });
});

test('a client that vanishes without closing cancels nothing until the loss is detected', async () => {
  const { client, other, id, steps, toClient } = await open();
  const left = openRequest(client, 'POST', steps, {
    'content-type': 'application/json',
    accept: 'text/event-stream',
  });
  left.end(JSON.stringify({ code, step_id: 'a', on_disconnect: 'cancel' }));
  await responseOf(left);
  await stepThatWrote(other, id, 'a', 'waiting');
  toClient.setFault({ halfOpen: true });
  left.destroy();
  // A call sent after the client vanished gets a response, and the step still runs.
  expect(await getStep(other, id, 'a')).toMatchObject({ status: 'running' });
  toClient.cut();
  expect(await stepWith(other, id, 'a', 'cancelled')).toMatchObject({
    error: { name: 'StepCancelled' },
    state_lost: false,
  });
});
