import { createIds } from '@steppe/contracts/ids';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import type { FollowLimits } from '@steppe/control-plane/provisioner/kubernetes/api/follow-pods';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import { kubeRoleRules } from '@steppe/control-plane/provisioner/kubernetes/api/kube-role';
import {
  createPodInformer,
  type PodInformer,
} from '@steppe/control-plane/provisioner/kubernetes/api/pod-informer';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { createAccount } from './account.ts';
import { createNamespace } from './namespaces.ts';

export interface OpenInformer {
  api: KubeApi;
  informer: PodInformer;
  /** `type name`, of every change so far. */
  changes: string[];
  /** `listed reason` and `ended how`, of every list and watch so far. */
  rounds: string[];
  /** Removes the namespace too. */
  close(): Promise<void>;
}

/** An informer of the pods of app=test in a namespace of its own, with the permissions of the Role. */
export async function openInformer(limits: Partial<FollowLimits> = {}): Promise<OpenInformer> {
  const namespace = await createNamespace('informer');
  const load = await createAccount(namespace.name, kubeRoleRules);
  const common = { clock: systemClock, ids: createIds(systemClock) };
  const api = createClientKubeApi({ ...common, load, namespace: namespace.name });
  const changes: string[] = [];
  const rounds: string[] = [];
  const informer = createPodInformer({
    ...common,
    api,
    labels: { app: 'test' },
    groupOf: ({ metadata }) => metadata.labels.state ?? null,
    limits,
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: {
      listed: (reason) => rounds.push(`listed ${reason}`),
      watchEnded: (end) => rounds.push(`ended ${end}`),
    },
  });
  informer.subscribe(({ type, pod }) => changes.push(`${type} ${pod.metadata.name}`));
  return {
    api,
    informer,
    changes,
    rounds,
    async close() {
      await informer.close();
      await api.close();
      await namespace.delete();
    },
  };
}
