import * as z from 'zod';
import type { KubeCaller } from '../../provisioner/kubernetes/api/client/call-kube-api.ts';
import { isKubeApiError } from '../../provisioner/kubernetes/api/kube-api-error.ts';
import type { InstalledCluster } from './end-sessions.ts';

interface InstalledClusterOptions {
  namespace: string;
  sessionsNamespace: string;
  controlPlane: { deployment: string; selector: Readonly<Record<string, string>> };
}

const namesSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
});
const anySchema = z.object({});

/** What every pod and service of an instance is labelled with. */
const instanceLabels = {
  'app.kubernetes.io/name': 'steppe-session',
  'app.kubernetes.io/managed-by': 'steppe',
};

export function createInstalledCluster(
  caller: Pick<KubeCaller, 'call'>,
  { namespace, sessionsNamespace, controlPlane }: InstalledClusterOptions,
): InstalledCluster {
  const list = async (
    inNamespace: string,
    plural: string,
    labels: Readonly<Record<string, string>>,
  ): Promise<string[]> => {
    const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = new URLSearchParams({ labelSelector: selector.join(',') });
    const path = `/api/v1/namespaces/${inNamespace}/${plural}?${query}`;
    const { items } = await caller.call({ method: 'GET', path, isIdempotent: true }, namesSchema);
    return items.map(({ metadata }) => metadata.name);
  };
  const remove = async (plural: string, name: string): Promise<void> => {
    const path = `/api/v1/namespaces/${sessionsNamespace}/${plural}/${name}`;
    try {
      await caller.call({ method: 'DELETE', path, isIdempotent: true }, anySchema);
    } catch (error) {
      if (!isKubeApiError(error, 'not_found')) throw error;
    }
  };
  return {
    async stopControlPlane() {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${controlPlane.deployment}/scale`;
      await caller.call(
        {
          method: 'PATCH',
          path,
          body: { spec: { replicas: 0 } },
          contentType: 'application/merge-patch+json',
          isIdempotent: true,
        },
        anySchema,
      );
    },
    countControlPlanes: async () => (await list(namespace, 'pods', controlPlane.selector)).length,
    async removeInstances() {
      let left = 0;
      for (const plural of ['services', 'pods']) {
        const names = await list(sessionsNamespace, plural, instanceLabels);
        left += names.length;
        for (const name of names) await remove(plural, name);
      }
      return left;
    },
  };
}
