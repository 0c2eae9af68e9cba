import { expect, test } from 'vitest';
import { helm, kubectlOrThrow, kubectlRead } from '../harness/commands.ts';
import { releaseName } from '../harness/release.ts';
import { useRelease } from '../harness/use-release.ts';

const release = useRelease('lifecycle');

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

test('an upgrade keeps the keys, and the sessions with their memory', async () => {
  const client = await release().newClient();
  const { session_id } = await client.createSession();
  await client.run(session_id, 'x = 20');
  const keys = await readKeys();
  const podAnnotations = { round: 'two' };
  await release().upgrade({ controlPlane: { podAnnotations }, dataPlane: { podAnnotations } });
  expect(await readKeys()).toEqual(keys);
  expect(await client.run(session_id, 'x + 22')).toMatchObject({
    results: [{ 'text/plain': '42' }],
  });
}, 400_000);

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
