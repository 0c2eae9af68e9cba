import { setTimeout as delay } from 'node:timers/promises';
import type { CoreV1Api } from '@kubernetes/client-node';
import { label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { findInstance } from '../../support/processes/instance.ts';
import { killProcess } from '../../support/processes/kill-process.ts';
import type { SoakInstances } from '../soak-cluster.ts';

/** Kubernetes deletes the service of a pod some time after the pod. */
const settleMs = 30_000;

/**
 * Instances that are pods of that namespace. Those that no session owns are the pool's: they are not
 * among `present`.
 * @param mostPooled how many of those there may be
 */
export function podInstances(
  core: CoreV1Api,
  namespace: string,
  mostPooled: number,
): SoakInstances {
  const owned = async () =>
    namesOf(await core.listNamespacedPod({ namespace, labelSelector: label.session }));
  const pooled = async () =>
    namesOf(await core.listNamespacedPod({ namespace, labelSelector: `!${label.session}` }));
  const podNames = async () => namesOf(await core.listNamespacedPod({ namespace }));
  const orphans = async () => {
    const services = namesOf(await core.listNamespacedService({ namespace }));
    const pods = new Set(await podNames());
    return services.filter((name) => !pods.has(name)).length;
  };
  return {
    present: async () => new Set((await owned()).map((name) => name.replace('steppe-', 'ins_'))),
    killAgent,
    async leaked() {
      const until = performance.now() + settleMs;
      for (;;) {
        const services = await orphans();
        const excess = Math.max(0, (await pooled()).length - mostPooled);
        if (services + excess === 0 || performance.now() > until)
          return { services, 'pooled pods': excess };
        await delay(200);
      }
    },
  };
}

/** The processes of the cluster's pods are processes of this machine. */
function killAgent(instanceId: string): void {
  let agentPid: number;
  try {
    agentPid = findInstance(instanceId).agentPid;
  } catch {
    // The session ended first.
    return;
  }
  killProcess(agentPid);
}

const namesOf = ({ items }: { items: { metadata?: { name?: string } }[] }): string[] =>
  items.map(({ metadata }) => metadata?.name ?? '');
