import { CoreV1Api } from '@kubernetes/client-node';
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
