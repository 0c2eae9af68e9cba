import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { helm, kubectl, kubectlOrThrow } from '../harness/commands.ts';
import { releaseName } from '../harness/release.ts';
import { useRelease } from '../harness/use-release.ts';

const sessionsNamespace = `t-kept-${randomBytes(4).toString('hex')}`;
beforeAll(() => kubectlOrThrow(['create', 'namespace', sessionsNamespace]));
const release = useRelease('kept', {
  sessions: { namespace: { name: sessionsNamespace, create: false }, poolSize: 1 },
});
afterAll(() => kubectl(['delete', 'namespace', sessionsNamespace, '--wait=false']));

test('an uninstallation keeps a namespace that existed before, and removes our objects from it', async () => {
  const { namespace } = release();
  const printed = await helm(['uninstall', releaseName, '--namespace', namespace, '--wait']);
  expect(printed).toContain(`The namespace ${sessionsNamespace} existed before and is kept.`);

  const kinds = 'pods,services,configmaps,roles,rolebindings,networkpolicies,resourcequotas';
  const where = ['--namespace', sessionsNamespace, '--output', 'name'];
  const left = (await kubectlOrThrow(['get', kinds, ...where])).split('\n');
  expect(left.filter((name) => name.includes(releaseName))).toEqual([]);
}, 300_000);
