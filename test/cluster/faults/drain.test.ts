import { CoreV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { keepOnNode, label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { python } from '../../support/api/languages.ts';
import { eventsOf, stepThatWrote, submit } from '../../support/api/steps.ts';
import { podOf, untilState, valuesUnderFaults } from '../death/release-under-faults.ts';
import { kubectlOrThrow } from '../harness/commands.ts';
import { useRelease } from '../harness/use-release.ts';
import { loadAdmin } from '../support/namespaces.ts';

const release = useRelease('drain', { ...valuesUnderFaults, limits: { sessionsPerTenant: 2 } });

const readPod = (session: Session) =>
  loadAdmin()
    .makeApiClient(CoreV1Api)
    .readNamespacedPod({ name: podOf(session), namespace: release().sessionsNamespace });

test('only pods of sessions tell autoscalers to keep their node', async () => {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const session = await (await release().newClient()).createSession();
  expect((await readPod(session)).metadata?.annotations).toMatchObject(keepOnNode);
  const warm = await eventually(async () => {
    const { items } = await core.listNamespacedPod({
      namespace: release().sessionsNamespace,
      labelSelector: `!${label.session}`,
    });
    expect(items).not.toEqual([]);
    return items;
  });
  for (const { metadata } of warm)
    for (const name of Object.keys(keepOnNode))
      expect(metadata?.annotations).not.toHaveProperty([name]);
});

/** Evicts the pods of the sessions from their nodes; pods of anything else stay. */
async function drain(sessions: readonly Session[]): Promise<void> {
  const pods = await Promise.all(sessions.map(readPod));
  const nodes = [...new Set(pods.map(({ spec }) => spec?.nodeName ?? ''))];
  const ids = sessions.map(({ session_id: id }) => id).join(',');
  try {
    await kubectlOrThrow([
      ...['drain', ...nodes, '--pod-selector', `${label.session} in (${ids})`],
      // The pods have no controller, and files of their own.
      ...['--force', '--delete-emptydir-data', '--timeout=60s'],
    ]);
  } finally {
    await kubectlOrThrow(['uncordon', ...nodes]);
  }
}

test('a drain ends sessions as evicted, and their clients learn it', async () => {
  const client = await release().newClient();
  const idle = await client.createSession();
  const busy = await client.createSession();
  await client.run(idle.session_id, python.remember);
  await submit(client, busy.session_id, python.waitForGo, { step_id: 'runs' });
  await stepThatWrote(client, busy.session_id, 'runs', 'waiting');
  const read = eventsOf(client, busy.session_id, 'runs');

  await drain([idle, busy]);

  expect((await read).at(-1)).toMatchObject({
    type: 'step_ended',
    status: 'cancelled',
    state_lost: true,
    error: { name: 'SessionEnded' },
  });
  await Promise.all([idle, busy].map((session) => expectEvicted(client, session)));
});

async function expectEvicted(client: Client, { session_id: id }: Session): Promise<void> {
  const end_reason = 'evicted';
  expect(await untilState(client, id, 'ended')).toMatchObject({ end_reason });
  const step = client.call('POST', `/v1/sessions/${id}/steps`, { code: '' });
  expect(await client.errorOf(step)).toMatchObject({
    status: 410,
    code: 'session_ended',
    details: { end_reason },
  });
}
