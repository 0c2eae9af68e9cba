import { CoreV1Api } from '@kubernetes/client-node';
import type { PublicKeys } from '@steppe/control-plane/provisioner/local-process/publish-keys';
import { createNamespace, loadAdmin, type TestNamespace } from './namespaces.ts';

export const publicKeysConfigMap = 'steppe-public-keys';

/** A namespace as the chart makes it for session pods, with these public keys. */
export async function createSessionNamespace(
  purpose: string,
  publicKeys: PublicKeys,
  options: { maxPods?: number } = {},
): Promise<TestNamespace> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const namespace = await createNamespace(purpose, { ...options, labels });
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const data = Object.fromEntries(
    Object.entries(publicKeys).map(([plane, keys]) => [`${plane}.json`, JSON.stringify(keys)]),
  );
  await core.createNamespacedConfigMap({
    namespace: namespace.name,
    body: { metadata: { name: publicKeysConfigMap }, data },
  });
  return namespace;
}
