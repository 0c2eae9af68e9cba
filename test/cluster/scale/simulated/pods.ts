import { CoreV1Api } from '@kubernetes/client-node';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { loadAdmin } from '../../support/namespaces.ts';
import { claimedPod } from './sessions.ts';

const concurrentWrites = 16;
/** The API server ends a request after a minute. */
const removedAtOnce = 500;

/** Creates the pods of these sessions, spread over the nodes, and waits until all of them run. */
export async function createPods(
  api: KubeApi,
  sessions: readonly ReadyRecord[],
  nodes: readonly string[],
  boundMs: number,
): Promise<void> {
  // All writers take from the same iterator.
  const waiting = sessions.entries();
  const write = async () => {
    for (const [at, session] of waiting)
      await api.pods.create(claimedPod(session, nodes[at % nodes.length] ?? ''));
  };
  await Promise.all(Array.from({ length: concurrentWrites }, write));
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const pending = { namespace: api.namespace, fieldSelector: 'status.phase=Pending', limit: 1 };
  await eventually(async () => {
    const { items } = await core.listNamespacedPod(pending);
    if (items.length > 0) throw new Error(`${items[0]?.metadata?.name} is pending`);
  }, boundMs);
}

/** Removes all pods of the namespace without grace, and waits until they are gone. */
export async function removePods(namespace: string): Promise<void> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  for (;;) {
    await core.deleteCollectionNamespacedPod({
      namespace,
      gracePeriodSeconds: 0,
      limit: removedAtOnce,
    });
    const { items } = await core.listNamespacedPod({ namespace, limit: 1 });
    if (items.length === 0) return;
  }
}
