import { CoreV1Api } from '@kubernetes/client-node';
import { label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { loadAdmin } from './namespaces.ts';

/** The pods and services of that name that exist, as `kind/name`. */
export async function podsAndServicesNamed(namespace: string, name: string): Promise<string[]> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const named = { namespace, fieldSelector: `metadata.name=${name}` };
  const [pods, services] = await Promise.all([
    core.listNamespacedPod(named),
    core.listNamespacedService(named),
  ]);
  return [...pods.items.map(() => `pod/${name}`), ...services.items.map(() => `service/${name}`)];
}

/** The names of the pods that a session was given. */
export async function podsOfSession(namespace: string, sessionId: string): Promise<string[]> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const labelSelector = `${label.session}=${sessionId}`;
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  return items.map(({ metadata }) => metadata?.name ?? '');
}
