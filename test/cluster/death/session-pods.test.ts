import { CoreV1Api } from '@kubernetes/client-node';
import type { Session } from '@steppe/contracts/session';
import { beforeEach, describe, expect, test } from 'vitest';
import { languages } from '../../conformance/harness/languages.ts';
import type { Client } from '../../support/api/client.ts';
import { node, python } from '../../support/api/languages.ts';
import { resultOf, stepThatWrote, submit } from '../../support/api/steps.ts';
import { kubectlOrThrow } from '../harness/commands.ts';
import { useRelease } from '../harness/use-release.ts';
import { agentPid, runtimePid } from '../support/container-processes.ts';
import { loadAdmin } from '../support/namespaces.ts';
import {
  expectNothingLeft,
  instanceOf,
  podOf,
  untilState,
  valuesUnderFaults,
} from './release-under-faults.ts';

const release = useRelease('death-pods', valuesUnderFaults);

let client: Client;
beforeEach(async () => {
  client = await release().newClient();
});

const programs = { python, node };

describe.each(languages)('a session of %s keeps its pod', (language) => {
  const { remember, recall, waitForGo, exhaustMemory } = programs[language];

  test('when its worker is killed by memory', async () => {
    const resources = { memory: '128Mi' };
    const { session_id: id } = await client.createSession({ runtime: language, resources });
    await client.run(id, remember);
    expect(await client.run(id, exhaustMemory)).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch: 2,
      error: { name: 'OutOfMemory' },
    });
    expect(await client.run(id, recall)).toMatchObject({ status: 'failed', epoch: 2 });
    expect(await client.run(id, '6 * 7')).toMatchObject({ status: 'completed' });
  });

  test('when its runtime container is killed', async () => {
    const session = await client.createSession({ runtime: language });
    const { session_id: id } = session;
    await submit(client, id, waitForGo, { step_id: 'runs' });
    await stepThatWrote(client, id, 'runs', 'waiting');
    process.kill(await runtimePid(instanceOf(session)), 'SIGKILL');
    expect(await resultOf(client, id, 'runs')).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch: 2,
      error: { name: 'WorkerCrashed' },
      stdout: 'waiting\n',
    });
    expect(await client.run(id, '6 * 7')).toMatchObject({ status: 'completed', epoch: 2 });
  });
});

/** Fills the disk beyond what the session may have. */
const fill =
  'with open("/tmp/large", "wb") as file:\n    for _ in range(32):\n        file.write(bytes(1 << 20))';

const evict = ({ sessionsNamespace: namespace }: { sessionsNamespace: string }, name: string) =>
  loadAdmin()
    .makeApiClient(CoreV1Api)
    .createNamespacedPodEviction({ name, namespace, body: { metadata: { name, namespace } } });

const deaths: {
  how: string;
  reason: string;
  detail?: string;
  body?: object;
  end: (session: Session) => Promise<unknown>;
}[] = [
  {
    how: 'whose agent is killed',
    reason: 'crashed',
    detail: '137|SIGKILL',
    async end(session) {
      process.kill(await agentPid(instanceOf(session)), 'SIGKILL');
    },
  },
  {
    how: 'whose pod is deleted',
    reason: 'deleted',
    end: (session) =>
      kubectlOrThrow([
        ...['--namespace', release().sessionsNamespace, 'delete', 'pod', podOf(session)],
        '--wait=false',
      ]),
  },
  {
    how: 'whose pod is evicted by a drain',
    reason: 'evicted',
    detail: 'Evict',
    end: (session) => evict(release(), podOf(session)),
  },
  {
    how: 'whose files exceed its storage',
    reason: 'evicted',
    detail: 'limit',
    body: { resources: { ephemeral_storage: '16Mi' } },
    end: ({ session_id: id }) => client.run(id, fill),
  },
];

test.each(deaths)('a session $how is $reason, and nothing of it is left', async (death) => {
  const session = await client.createSession(death.body);
  const { session_id: id } = session;
  await client.run(id, python.remember);
  await death.end(session);
  expect(await untilState(client, id, 'ended')).toMatchObject({
    end_reason: death.reason,
    ...(death.detail && { end_detail: expect.stringMatching(death.detail) }),
  });
  const call = client.call('POST', `/v1/sessions/${id}/steps`, { code: '' });
  expect(await client.errorOf(call)).toMatchObject({
    status: 410,
    code: 'session_ended',
    details: { end_reason: death.reason },
  });
  await expectNothingLeft(release(), client, session);
});
