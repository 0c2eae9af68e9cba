import type { ListedInstance } from '../session-provisioner.ts';
import type { KubernetesParts } from './kubernetes-parts.ts';
import { sessionPodLabels } from './pods/pod-labels.ts';
import { toListed } from './pods/session-pod.ts';

const pageSize = 500;

/**
 * The instances by a quorum read, whatever is requested: nothing lists in the path of a request.
 * The cache learns what was read, so that the ends of listed pods are known too.
 */
export async function listInstances({
  api,
  informer,
}: Pick<KubernetesParts, 'api' | 'informer'>): Promise<ListedInstance[]> {
  const instances: ListedInstance[] = [];
  let page: string | undefined;
  do {
    const query = { labels: sessionPodLabels, read: 'consistent', limit: pageSize, page } as const;
    const { items, nextPage } = await api.pods.list(query);
    for (const pod of items) {
      informer.observe(pod);
      instances.push(...toListed(pod));
    }
    page = nextPage ?? undefined;
  } while (page !== undefined);
  return instances;
}
