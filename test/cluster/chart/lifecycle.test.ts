import type { Session } from '@steppe/contracts/session';
import { expect, onTestFinished, test } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { podOf, readSession } from '../death/release-under-faults.ts';
import { helm, kubectlOrThrow, kubectlRead } from '../harness/commands.ts';
import { releaseName } from '../harness/release.ts';
import { openReleaseStore } from '../harness/release-store.ts';
import { useRelease } from '../harness/use-release.ts';
import { images } from '../support/config.ts';
import { buildPreviousVersion, unknownName } from './previous-version.ts';

/** The release begins with the previous version. */
const release = useRelease('lifecycle', async () => ({
  images: { references: await buildPreviousVersion() },
}));

const readKeys = () =>
  Promise.all(
    ['control-plane', 'data-plane'].map((plane) =>
      kubectlRead(release().namespace, ['secret', `${releaseName}-${plane}-key`], '{.data}'),
    ),
  );

/** The objects of these kinds, but for what Kubernetes itself puts into each namespace. */
async function namesOf(kinds: string, ...where: string[]): Promise<string[]> {
  const printed = await kubectlOrThrow(['get', kinds, '--output', 'name', ...where]);
  const builtIn = /\/(kube-root-ca\.crt|default|test-issuer)$/;
  return printed.split('\n').filter((name) => name !== '' && !builtIn.test(name));
}

test('an installation leaves nothing that its hooks were allowed', async () => {
  const { namespace, sessionsNamespace } = release();
  for (const where of [namespace, sessionsNamespace]) {
    const names = await namesOf('roles,rolebindings,serviceaccounts,jobs', '--namespace', where);
    expect(names.join('\n')).not.toMatch(/make-keys|publish-keys|end-sessions/);
  }
});

test('an upgrade and a rollback keep the keys, and the sessions with their memory', async () => {
  const { newClient, upgrade, rollback } = release();
  const keys = await readKeys();
  const { readRow, close } = await openReleaseStore(release());
  onTestFinished(close);
  const client = await newClient();
  const early = (await client.createSession()).session_id;
  await client.run(early, 'x = 39');
  expect(await readRow(early)).toHaveProperty(unknownName);

  const { controlPlane, agent: sessionAgent } = images();
  await upgrade({ images: { references: { controlPlane, sessionAgent } } });
  expect(await readKeys()).toEqual(keys);
  expect(await addOne(client, early)).toBe('40');
  await client.call('PATCH', `/v1/sessions/${early}`, { metadata: { by: 'this' } });
  // Of the agent's response.
  expect(await readSession(client, early)).toHaveProperty('last_active_at');
  const late = await client.createSession();
  await client.run(late.session_id, 'x = 40');
  expect(await readRow(late.session_id)).not.toHaveProperty(unknownName);
  expect(await agentImageOf(late)).toBe(sessionAgent);

  await rollback();
  expect(await readKeys()).toEqual(keys);
  expect(await addOne(client, early)).toBe('41');
  expect(await addOne(client, late.session_id)).toBe('41');
  expect(await readSession(client, early)).toMatchObject({ metadata: { by: 'this' } });
  expect(await readRow(early)).toHaveProperty(unknownName);
}, 400_000);

async function addOne(client: Client, sessionId: string): Promise<unknown> {
  return (await client.run(sessionId, 'x += 1\nx')).results[0]?.['text/plain'];
}

const agentImageOf = (session: Session) =>
  kubectlRead(release().sessionsNamespace, ['pod', podOf(session)], '{.spec.containers[0].image}');

test('an uninstallation ends the sessions, and leaves nothing', async () => {
  const { namespace, sessionsNamespace, newClient } = release();
  await (await newClient()).createSession();

  const printed = await helm(['uninstall', releaseName, '--namespace', namespace, '--wait']);
  expect(printed).toMatch(/Ended [1-9]\d* sessions/);

  const clusterKinds = 'validatingadmissionpolicies,validatingadmissionpolicybindings,namespaces';
  const ofCluster = await namesOf(clusterKinds);
  expect(ofCluster.filter((name) => name.includes(`/${namespace}-`))).toEqual([]);
  expect(ofCluster).not.toContain(`namespace/${sessionsNamespace}`);
  const kinds = 'deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,jobs';
  expect(await namesOf(`${kinds},networkpolicies`, '--namespace', namespace)).toEqual([]);
}, 400_000);
