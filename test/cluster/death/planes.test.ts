import { CoreV1Api } from '@kubernetes/client-node';
import { type Session, sessionListSchema } from '@steppe/contracts/session';
import type { StepEvent } from '@steppe/contracts/step';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { beforeEach, expect, test } from 'vitest';
import { readEvents } from '../../chaos/drive/read-events.ts';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { letGo } from '../../support/api/steps.ts';
import { useRelease } from '../harness/use-release.ts';
import { agentPid, podPid } from '../support/container-processes.ts';
import { loadAdmin } from '../support/namespaces.ts';
import { untilBound, warmInstance } from './held-create.ts';
import {
  boundMs,
  expectNothingLeft,
  podOf,
  podOfComponent,
  readSession,
  valuesUnderFaults,
} from './release-under-faults.ts';

const release = useRelease('death-planes', valuesUnderFaults);

let client: Client;
beforeEach(async () => {
  client = await release().newClient();
});

/**
 * Kills the process of a component; Kubernetes starts its container again.
 * @returns the name of its pod.
 */
async function kill(component: string): Promise<string> {
  const name = await podOfComponent(release(), component);
  process.kill(await podPid(name), 'SIGKILL');
  return name;
}

/**
 * Kills the control-plane and removes its pod, so that the next one starts at once: Kubernetes waits
 * ever longer before it starts a container of the same pod again.
 */
async function killControlPlane(): Promise<void> {
  const name = await kill('control-plane');
  const { namespace } = release();
  const core = loadAdmin().makeApiClient(CoreV1Api);
  await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
}

/** Waits until the container that was killed is replaced, and its service leads to it again. */
async function untilRestarted(component: string): Promise<void> {
  const name = await podOfComponent(release(), component);
  const core = loadAdmin().makeApiClient(CoreV1Api);
  await eventually(async () => {
    const { status } = await core.readNamespacedPod({ name, namespace: release().namespace });
    expect(status?.containerStatuses).toMatchObject([{ restartCount: 1, ready: true }]);
  }, boundMs);
}

/** The session of the tenant, which has one. */
async function onlySession(): Promise<Session> {
  const list = sessionListSchema.parse(await (await client.call('GET', '/v1/sessions')).json());
  const [session] = list.sessions;
  if (!session) throw new Error('no session is recorded yet');
  return session;
}

async function readPod(session: Session) {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const named = { name: podOf(session), namespace: release().sessionsNamespace };
  return (await core.readNamespacedPod(named)).status;
}

/** Resolves as soon as a create that no warm instance fits has come so far. */
const stages: { stage: string; reached: () => Promise<void> }[] = [
  { stage: 'its row is written', reached: async () => void (await onlySession()) },
  {
    stage: 'its pod is created',
    reached: async () => void (await readPod(await onlySession())),
  },
  {
    stage: 'its pod is ready',
    async reached() {
      const conditions = (await readPod(await onlySession()))?.conditions ?? [];
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    },
  },
];

test.each(stages)(
  'a create whose control-plane is killed when $stage leaves a session that is ready, or nothing',
  async ({ reached }) => {
    const create = client.call('POST', '/v1/sessions', { resources: { memory: '200Mi' } });
    await eventually(reached, boundMs);
    await killControlPlane();
    await expectReadyOrNothing(create);
  },
);

test('a create whose control-plane is killed after its bind leaves a session that is ready, or nothing', async () => {
  const instance = await warmInstance(release());
  const agent = await agentPid(instance.instanceId);
  const store = await podPid(await podOfComponent(release(), 'local-store'));
  // The agent holds the bind until the store is stopped, and the store holds the row's last write.
  process.kill(agent, 'SIGSTOP');
  const create = client.call('POST', '/v1/sessions');
  const { session_id: id } = await eventually(async () => {
    const session = await onlySession();
    expect(session.instance_id).toBe(instance.instanceId);
    return session;
  }, boundMs);
  process.kill(store, 'SIGSTOP');
  process.kill(agent, 'SIGCONT');
  await untilBound(release(), instance, id);
  await killControlPlane();
  // What it has not read is never written.
  process.kill(store, 'SIGKILL');
  await expectReadyOrNothing(create);
});

async function expectReadyOrNothing(create: Promise<Response>): Promise<void> {
  const response = await create;
  if (response.status !== 201) {
    expect(response.status).toBe(503);
    expect(['runtime_unreachable', 'provisioning_failed']).toContain(
      (await client.errorOf(response)).code,
    );
  }
  const session = await eventually(async () => {
    const found = await onlySession();
    expect(found.state).not.toBe('provisioning');
    return found;
  }, boundMs);
  const { session_id: id, state } = session;
  expect(['ready', 'failed']).toContain(state);
  if (state === 'ready') {
    expect((await client.run(id, '6 * 7')).status).toBe('completed');
    expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  } else {
    expect(['provisioning_timeout', 'start_failed', 'crashed']).toContain(session.end_reason);
    const step = client.call('POST', `/v1/sessions/${id}/steps`, { code: '' });
    expect(await client.errorOf(step)).toMatchObject({ status: 410, code: 'session_ended' });
  }
  await expectNothingLeft(release(), client, session);
}

test('a stream that broke with its data-plane continues through the next one, without gap or repeat', async () => {
  const session = await client.createSession();
  const { session_id: id } = session;
  const code = `${python.waitForGo}\nprint("went on")`;
  const steps = `/v1/sessions/${id}/steps`;
  const form = 'application/x-ndjson';
  const events: StepEvent[] = [];
  const first = await client.call('POST', steps, { code, step_id: 'a' }, { accept: form });
  await expect(async () => {
    for await (const event of readEvents(first, form)) {
      events.push(event);
      if (event.type === 'stdout') await kill('data-plane');
    }
  }).rejects.toThrow();
  await untilRestarted('data-plane');
  await eventually(() => letGo(client, id), boundMs);
  const after = events.at(-1)?.seq ?? 0;
  const path = `${steps}/a/events?after=${after}`;
  const second = await client.call('GET', path, undefined, { accept: form });
  for await (const event of readEvents(second, form)) events.push(event);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.at(-1)).toMatchObject({ type: 'step_ended', status: 'completed' });
  expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  await expectNothingLeft(release(), client, session);
});

test('a session whose store is killed keeps its memory and its row, and its end is recorded later', async () => {
  const session = await client.createSession();
  const { session_id: id } = session;
  await client.run(id, python.remember);
  await kill('local-store');
  expect((await client.run(id, python.recall)).results).toMatchObject([{ 'text/plain': '42' }]);
  const found = await eventually(() => readSession(client, id), boundMs);
  expect(found).toMatchObject({ state: 'ready', epoch: 1 });
  expect((await client.call('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
  await expectNothingLeft(release(), client, session);
});
