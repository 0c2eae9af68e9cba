import type { ClaimRequest, Instance } from '../session-provisioner.ts';
import { isAmbiguousWrite, isKubeApiError } from './api/kube-api-error.ts';
import type { Pod } from './api/kube-objects.ts';
import type { KubernetesParts } from './kubernetes-parts.ts';
import { annotation, label, readInstanceId, sessionPodLabels } from './pods/pod-labels.ts';
import { claimPatch } from './pods/pod-patches.ts';
import { isClaimable, poolGroup } from './pods/session-pod.ts';
import { shareNextCall } from './share-next-call.ts';

type ClaimParts = Pick<KubernetesParts, 'api' | 'informer' | 'clock'> & { longestLifeMs: number };

/** How many warm pods are read if the cache has none: as many claims may want one. */
const lookupLimit = 20;
/** A pod changes while it is claimed, when its status is written: this often it is tried again. */
const attempts = 3;

/** @returns a function that claims a warm pod by one patch, as the port says. */
export function createClaim(
  parts: ClaimParts,
): (request: ClaimRequest) => Promise<Instance | null> {
  // Claims of this process take different pods from the start, instead of racing for the first.
  const inFlight = new Set<string>();
  const lookUps = new Map<string, () => Promise<Pod[]>>();

  const lookUpOnce = (group: string, request: ClaimRequest) => {
    const shared = lookUps.get(group) ?? shareNextCall(() => lookUp(parts, request));
    lookUps.set(group, shared);
    return shared();
  };

  const claimOneOf = async (pods: Iterable<Pod>, request: ClaimRequest) => {
    for (const pod of pods) {
      const { name } = pod.metadata;
      if (inFlight.has(name)) continue;
      inFlight.add(name);
      try {
        const claimed = await claimPod(parts, pod, request);
        if (claimed) return claimed;
      } finally {
        inFlight.delete(name);
      }
    }
    return null;
  };

  return async (request) => {
    const group = poolGroup('warm', request.runtime, request.version);
    const claimed = await claimOneOf([...parts.informer.group(group).values()], request);
    // The cache may be a moment behind, and a cold start takes far longer than this list.
    return claimed ?? claimOneOf(await lookUpOnce(group, request), request);
  };
}

/** A few of the warm pods, as of now. */
async function lookUp({ api }: ClaimParts, { runtime, version }: ClaimRequest): Promise<Pod[]> {
  const labels = {
    ...sessionPodLabels,
    [label.state]: 'warm',
    [label.runtime]: runtime,
    [label.version]: version,
  };
  const { items } = await api.pods.list({ labels, read: 'consistent', limit: lookupLimit });
  return items;
}

/** Null if the pod is not to be had: others were faster, or it ended. */
async function claimPod(
  parts: ClaimParts,
  seen: Pod,
  { owner }: ClaimRequest,
): Promise<Instance | null> {
  const { api, informer, clock, longestLifeMs } = parts;
  const { name } = seen.metadata;
  let pod: Pod | null = seen;
  for (let attempt = 0; attempt < attempts && pod; attempt += 1) {
    if (pod.metadata.labels[label.session] === owner.sessionId) return toInstance(pod);
    if (!isClaimable(pod)) return null;
    const patch = claimPatch(pod, owner, { nowMs: clock.now(), longestLifeMs });
    const { resourceVersion } = pod.metadata;
    try {
      const claimed = await api.pods.patch(name, patch, { resourceVersion });
      informer.observe(claimed);
      return toInstance(claimed);
    } catch (error) {
      if (isKubeApiError(error, 'not_found')) return null;
      if (!isKubeApiError(error, 'conflict') && !isAmbiguousWrite(error)) throw error;
    }
    // Its status may have changed, somebody may have claimed it, or this claim may have been it.
    pod = await api.pods.get(name);
    if (pod) informer.observe(pod);
  }
  return null;
}

function toInstance({ metadata }: Pod): Instance | null {
  const instanceId = readInstanceId(metadata.labels);
  const address = metadata.annotations[annotation.address];
  return instanceId && address ? { instanceId, address } : null;
}
