import type { KubePods } from './kube-api.ts';
import type { Pod } from './kube-objects.ts';

/** To parse a page of 200 pods takes some 25 ms, during which nothing else runs. */
export const podsPerPage = 200;

interface ListAllOptions {
  /** Labels that all the pods have. */
  labels: Readonly<Record<string, string>>;
  pageSize?: number;
  signal?: AbortSignal;
  /**
   * Called with each page as soon as it was read: what it does then does not hold up the process
   * for all pods at once.
   */
  onPage?: (pods: readonly Pod[]) => void;
}

/** Reads all pages of one quorum list. */
export async function listAllPods(
  api: KubePods,
  { labels, pageSize: limit = podsPerPage, signal, onPage }: ListAllOptions,
): Promise<{ pods: Pod[]; resourceVersion: string }> {
  const pods: Pod[] = [];
  let page: string | undefined;
  for (;;) {
    const query = { labels, read: 'consistent', limit, page, signal } as const;
    const { items, resourceVersion, nextPage } = await api.list(query);
    pods.push(...items);
    onPage?.(items);
    if (nextPage === null) return { pods, resourceVersion };
    page = nextPage;
  }
}
