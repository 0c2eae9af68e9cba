import { label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { markDeleted } from './api-server.ts';
import type { ClusterParts } from './cluster-parts.ts';
import type { KubeObject } from './cluster-state.ts';
import type { ClusterNode, Kubelets } from './kubelets.ts';
import * as podStatus from './pod-status.ts';

/** How long the node controller waits for a silent kubelet, and a pod then tolerates its node. */
const nodeSilenceMs = 40_000;
const tolerationMs = 60_000;

/** What Kubernetes does to pods of its own accord. */
export interface Disruptions {
  /** By a drain through the API, or by a kubelet that is short of memory. */
  evict(name: string, by: 'drain' | 'pressure'): void;
  /** By an operator, if no session has it. */
  deleteWarm(name: string): void;
  /** The machine loses power. Its pods are deleted later, and stay until force is used. */
  loseNode(node: ClusterNode): void;
  restoreNode(node: ClusterNode): void;
}

export function createDisruptions(parts: ClusterParts, kubelets: Kubelets): Disruptions {
  const { kernel, state, onPodEnd } = parts;
  const losses = new Map<ClusterNode, () => void>();
  const write = (pod: KubeObject, change: (status: podStatus.PodStatus) => podStatus.PodStatus) =>
    state.put({ ...pod, status: change(pod.status ?? podStatus.newStatus) });
  const disrupt = (pod: KubeObject, reason: string, message: string) =>
    write(pod, (status) => podStatus.disrupted(status, { reason, message }));
  const remove = (pod: KubeObject) => {
    if (!pod.metadata.deletionTimestamp) markDeleted(state, pod, kernel.nowMs, 2);
  };
  const podsOf = ({ name }: ClusterNode) =>
    state.list('Pod').filter(({ spec }) => spec.nodeName === name);

  return {
    evict(name, by) {
      const pod = state.get('Pod', name);
      if (!pod?.spec.nodeName || pod.metadata.deletionTimestamp) return;
      kubelets.blame(pod, 'evicted');
      if (by === 'drain') return remove(disrupt(pod, 'EvictionByEvictionAPI', 'node drained'));
      kubelets.fail(disrupt(pod, 'TerminationByKubelet', 'memory pressure'), 'evicted', {
        reason: 'Evicted',
        message: 'The node was low on resource: memory.',
      });
    },
    deleteWarm(name) {
      const pod = state.get('Pod', name);
      if (pod?.metadata.labels[label.state] === 'warm') remove(pod);
    },
    loseNode(node) {
      if (node.isLost) return;
      kubelets.lose(node);
      const silent = kernel.schedule(nodeSilenceMs, kernel.world, 'node unreachable', () => {
        node.isTainted = true;
        for (const pod of podsOf(node)) write(pod, (status) => podStatus.ready(status, false));
      });
      const afterMs = nodeSilenceMs + tolerationMs;
      const evicting = kernel.schedule(afterMs, kernel.world, 'taint manager', () => {
        for (const pod of podsOf(node)) {
          onPodEnd(pod.metadata.name, 'node_lost');
          remove(disrupt(pod, 'DeletionByTaintManager', 'node unreachable'));
        }
      });
      losses.set(node, () => {
        silent.cancel();
        evicting.cancel();
      });
    },
    restoreNode(node) {
      losses.get(node)?.();
      if (node.isLost) kubelets.restore(node);
    },
  };
}
