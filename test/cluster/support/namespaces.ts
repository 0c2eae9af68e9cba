import { randomBytes } from 'node:crypto';
import { CoreV1Api } from '@kubernetes/client-node';
import { loadKubeConfig } from '@steppe/control-plane/provisioner/kubernetes/api/client/load-kube-config';
import { expect, vi } from 'vitest';
import { kubeconfig } from './config.ts';

export interface TestNamespace {
  name: string;
  /** Deletes it with all that is in it, without waiting for that. */
  delete(): Promise<void>;
}

/** `expect.poll` works in tests only, and this runs in hooks. */
const bound = { timeout: 30_000, interval: 50 };

interface NamespaceOptions {
  maxPods?: number | undefined;
  labels?: Record<string, string>;
}

export const loadAdmin = () => loadKubeConfig({ from: 'kubeconfig', paths: kubeconfig() });

/**
 * Creates a namespace `t-…` of its own for a test, in which pods can be created: that takes the
 * service account that Kubernetes adds to it.
 */
export async function createNamespace(
  purpose: string,
  { maxPods, labels }: NamespaceOptions = {},
): Promise<TestNamespace> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const name = `t-${purpose}-${randomBytes(4).toString('hex')}`;
  await core.createNamespace({ body: { metadata: { name, ...(labels && { labels }) } } });
  const account = { name: 'default', namespace: name };
  await vi.waitFor(() => core.readNamespacedServiceAccount(account), bound);
  if (maxPods !== undefined) await limitPods(core, name, maxPods);
  return {
    name,
    async delete() {
      await core.deleteNamespace({ name });
    },
  };
}

/** Creates a ResourceQuota, and waits until it is enforced. */
async function limitPods(core: CoreV1Api, namespace: string, maxPods: number): Promise<void> {
  const hard = { pods: String(maxPods) };
  await core.createNamespacedResourceQuota({
    namespace,
    body: { metadata: { name: 'pods' }, spec: { hard } },
  });
  await vi.waitFor(async () => {
    const quota = await core.readNamespacedResourceQuotaStatus({ name: 'pods', namespace });
    expect(quota.status?.hard).toEqual(hard);
  }, bound);
}
