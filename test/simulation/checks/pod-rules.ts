import { keepOnNode, label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import type { RuleName } from '../history/rules.ts';
import type { ClusterModel } from '../models/kubernetes/cluster-model.ts';
import type { Change, KubeObject } from '../models/kubernetes/cluster-state.ts';

/** Checks every write of a pod, whoever makes it. */
export function watchPods(
  cluster: Pick<ClusterModel, 'onWrite'>,
  violate: (rule: RuleName, what: string) => void,
): void {
  cluster.onWrite((change) => {
    for (const what of violationsOfPod(change)) violate('pod-valid', what);
  });
}

const states = ['starting', 'warm', 'claimed'];

/** @returns one line for each violation. */
function violationsOfPod({ before, after }: Change): string[] {
  if (after?.kind !== 'Pod') return [];
  const { name } = after.metadata;
  const [was, is] = [before && labelsOf(before), labelsOf(after)];
  const found = isProtected(after) ? [] : ['is claimed, and has no deadline or may be evicted'];
  if (!was) return found;
  if (was.instance !== is.instance) found.push('became another instance');
  if (was.session && was.session !== is.session)
    found.push(`served ${was.session}, and then ${is.session}`);
  const wasClaimed = !was.session && is.session;
  if (wasClaimed && before?.metadata.deletionTimestamp)
    found.push(`was given to ${is.session} while it was being deleted`);
  if (states.indexOf(is.state) < states.indexOf(was.state))
    found.push(`was ${was.state}, and then ${is.state}`);
  return found.map((what) => `${name} ${what}`);
}

const labelsOf = ({ metadata: { labels } }: KubeObject) => ({
  instance: labels[label.instance],
  session: labels[label.session],
  state: labels[label.state] ?? '',
});

/** Whether a pod that serves a session stays on its node, and ends by itself at last. */
function isProtected(pod: KubeObject): boolean {
  const { annotations } = pod.metadata;
  const isKept = Object.entries(keepOnNode).every(([name, value]) => annotations[name] === value);
  return (
    labelsOf(pod).state !== 'claimed' || (isKept && pod.spec.activeDeadlineSeconds !== undefined)
  );
}
