import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import { kubectlOrThrow } from '../harness/commands.ts';
import type { Release } from '../harness/release.ts';
import { loadAdmin } from '../support/namespaces.ts';

const planeSelector = 'app.kubernetes.io/component in (control-plane,data-plane)';

/** Replaces every pod of both planes, and waits until those from before are gone. */
export async function rollPlanes({ namespace, name }: Release): Promise<void> {
  const kubectl = (...args: string[]) => kubectlOrThrow(['--namespace', namespace, ...args]);
  const selected = ['--selector', planeSelector];
  const before = (await kubectl('get', 'pods', '--output', 'name', ...selected)).trim().split('\n');
  await kubectl('rollout', 'restart', 'deployment', ...selected);
  for (const plane of ['control-plane', 'data-plane'])
    await kubectl('rollout', 'status', `deployment/${name}-${plane}`, '--timeout=180s');
  await kubectl('wait', '--for=delete', '--timeout=120s', ...before);
}

/** The pods of the data-plane that serve and are not being deleted. */
export async function dataPlanePods({ namespace }: Release): Promise<V1Pod[]> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const labelSelector = 'app.kubernetes.io/component=data-plane';
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  return items.filter(
    ({ metadata, status }) =>
      !metadata?.deletionTimestamp &&
      status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
}
