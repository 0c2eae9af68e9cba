import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { helm, kubectl, kubectlOrThrow } from '../harness/commands.ts';
import { releaseName } from '../harness/release.ts';
import { openReleaseStore } from '../harness/release-store.ts';
import { useRelease } from '../harness/use-release.ts';
import { ownTable, ownTableObjects, ownTableValues } from './own-table.ts';

const sessionsNamespace = `t-kept-${randomBytes(4).toString('hex')}`;
beforeAll(() => kubectlOrThrow(['create', 'namespace', sessionsNamespace]));
const namespaceValues = { namespace: { name: sessionsNamespace, create: false }, poolSize: 1 };
const values = { ...ownTableValues, sessions: namespaceValues };
const release = useRelease('kept', values, ownTableObjects);
afterAll(() => kubectl(['delete', 'namespace', sessionsNamespace, '--wait=false']));

test('an uninstallation keeps the table and a namespace that existed before, with nothing of ours', async () => {
  const { namespace, newClient } = release();
  const { session_id: id } = await (await newClient()).createSession();
  const printed = await helm(['uninstall', releaseName, '--namespace', namespace, '--wait']);
  expect(printed).toContain(`The namespace ${sessionsNamespace} existed before and is kept.`);
  expect(printed).toContain('The table steppe-sessions is kept');

  const { readRow, close } = await openReleaseStore(release(), ownTable);
  onTestFinished(close);
  expect(await readRow(id)).toMatchObject({ state: { S: 'ended' }, end_reason: { S: 'deleted' } });

  const kinds = 'pods,services,configmaps,roles,rolebindings,networkpolicies,resourcequotas';
  const where = ['--namespace', sessionsNamespace, '--output', 'name'];
  const left = (await kubectlOrThrow(['get', kinds, ...where])).split('\n');
  expect(left.filter((name) => name.includes(releaseName))).toEqual([]);
}, 300_000);
