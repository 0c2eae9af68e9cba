import type { InstanceOwner } from '../../session-provisioner.ts';
import type { PodPatch } from '../api/kube-manifests.ts';
import type { Pod } from '../api/kube-objects.ts';
import { annotation, keepOnNode, label, ownerLabels } from './pod-labels.ts';

/** Bounds what a control-plane that is gone, or whose clock is wrong, can leave running. */
const deadlineMarginMs = 10 * 60_000;

interface Life {
  nowMs: number;
  /** The longest time that a claimed instance may live. */
  longestLifeMs: number;
}

/** Gives the pod to a session. */
export const claimPatch = (pod: Pod, owner: InstanceOwner, life: Life): PodPatch => ({
  metadata: {
    labels: { [label.state]: 'claimed', ...ownerLabels(owner) },
    annotations: keepOnNode,
  },
  spec: { activeDeadlineSeconds: deadlineSeconds(pod, life) },
});

/** Tells that a started pod is ready, and gives it to the session that it was started for. */
export function readyPatch(
  pod: Pod,
  owner: InstanceOwner | null,
  address: string,
  life: Life,
): PodPatch {
  const addressed = { [annotation.address]: address };
  if (owner === null)
    return { metadata: { labels: { [label.state]: 'warm' }, annotations: addressed } };
  const { metadata, ...claimed } = claimPatch(pod, owner, life);
  const annotations = { ...metadata?.annotations, ...addressed };
  return { ...claimed, metadata: { ...metadata, annotations } };
}

/**
 * The deadline counts from the pod's start, and can be set only once: a pod that is not claimed has
 * none.
 */
function deadlineSeconds({ metadata }: Pod, { nowMs, longestLifeMs }: Life): number {
  const ageMs = Math.max(0, nowMs - Date.parse(metadata.creationTimestamp));
  return Math.ceil((ageMs + longestLifeMs + deadlineMarginMs) / 1000);
}
