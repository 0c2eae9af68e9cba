import { CoreV1Api } from '@kubernetes/client-node';
import { kubectlOrThrow } from '../harness/commands.ts';
import type { Release } from '../harness/release.ts';
import { loadAdmin } from '../support/namespaces.ts';

/** The planes run on the node that is lost: their services lead to them all the same. */
export async function keepServing({ namespace }: Release): Promise<void> {
  const patch = JSON.stringify({ spec: { publishNotReadyAddresses: true } });
  const services = await kubectlOrThrow([
    ...['--namespace', namespace, 'get', 'services', '--output', 'name'],
  ]);
  for (const service of services.trim().split('\n'))
    await kubectlOrThrow(['--namespace', namespace, 'patch', service, '--patch', patch]);
}

/** Lets Kubernetes evict a pod sooner after its node is lost. */
export async function shortenEviction(
  namespace: string,
  name: string,
  tolerationSeconds: number,
): Promise<void> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const { spec } = await core.readNamespacedPod({ name, namespace });
  const value = spec?.tolerations?.map((toleration) => ({ ...toleration, tolerationSeconds }));
  const body = [{ op: 'replace', path: '/spec/tolerations', value }];
  await core.patchNamespacedPod({ name, namespace, body });
}

/** The node of the cluster, and whether it has a taint that evicts pods. */
export async function readNode(): Promise<{ isReady: boolean; evicts: boolean }> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const { spec, status } = await core.readNode({ name: 'steppe-node' });
  return {
    isReady: status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false,
    evicts: spec?.taints?.some(({ effect }) => effect === 'NoExecute') ?? false,
  };
}
