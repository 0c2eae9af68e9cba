import type { StepEvent } from '@steppe/contracts/step';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, expect, test } from 'vitest';
import { readEvents } from '../../chaos/drive/read-events.ts';
import { type Client, connect } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { letGo, stepThatWrote } from '../../support/api/steps.ts';
import { kubectlOrThrow } from '../harness/commands.ts';
import { useRelease } from '../harness/use-release.ts';
import { dataPlanePods, rollPlanes } from './roll-planes.ts';
import { startLoad } from './session-load.ts';

const release = useRelease('rolling', {
  controlPlane: { replicas: 2 },
  dataPlane: { replicas: 2 },
  sessions: { poolSize: 2 },
});

let client: Client;
beforeEach(async () => {
  client = await release().newClient();
});

const boundMs = 60_000;

test('rolling both planes under load loses no step, runs none twice and refuses no connection', async () => {
  const load = await startLoad(client, 4);
  await rollPlanes(release());
  const before = load.completed();
  // Each session continues through the new pods.
  await eventually(() => {
    for (const [at, completed] of load.completed().entries())
      expect(completed).toBeGreaterThan(before[at] ?? 0);
  }, boundMs);
  expect(await load.stop()).toEqual({});
});

/** A data-plane's pod, and a client of that pod alone. */
async function openDataPlane() {
  const [pod] = await dataPlanePods(release());
  const direct = connect(`http://${pod?.status?.podIP}:8080`, client.token);
  const terminate = (...options: string[]) =>
    kubectlOrThrow([
      ...['--namespace', release().namespace, 'delete', `pod/${pod?.metadata?.name}`],
      ...['--wait=false', ...options],
    ]);
  return { direct, terminate };
}

/** Each call opens a connection of its own. */
const list = (to: Client) => to.call('GET', '/v1/sessions', undefined, { connection: 'close' });

test('a data-plane that terminates refuses connections only when its service sends it none', async () => {
  const { direct, terminate } = await openDataPlane();
  await terminate();
  await eventually(() => expect(list(direct)).rejects.toThrow(), boundMs);
  const responses = await Promise.all(Array.from({ length: 50 }, () => list(client)));
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
});

test('a stream that is cut after the grace period of its data-plane resumes without gap or repeat', async () => {
  const { direct, terminate } = await openDataPlane();
  const { session_id: id } = await client.createSession();
  const form = 'application/x-ndjson';
  const code = `${python.waitForGo}\nprint("went on")`;
  const steps = `/v1/sessions/${id}/steps`;
  const events: StepEvent[] = [];
  const first = await direct.call('POST', steps, { code, step_id: 'a' }, { accept: form });
  const reading = (async () => {
    for await (const event of readEvents(first, form)) events.push(event);
  })();
  const cut = expect(reading).rejects.toThrow();
  await stepThatWrote(client, id, 'a', 'waiting');
  // Longer than preStop, so that the data-plane itself has begun to shut down.
  await terminate('--grace-period=7');
  await cut;
  await letGo(client, id);
  const path = `${steps}/a/events?after=${events.at(-1)?.seq ?? 0}`;
  const second = await client.call('GET', path, undefined, { accept: form });
  for await (const event of readEvents(second, form)) events.push(event);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed' });
});
