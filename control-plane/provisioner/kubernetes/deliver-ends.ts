import type { InstanceId } from '@steppe/contracts/ids';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import { createEndDelivery } from '../end-delivery.ts';
import type { EndListener, InstanceEnd } from '../session-provisioner.ts';
import type { ExitCause } from '../termination-message.ts';
import type { Pod } from './api/kube-objects.ts';
import type { PodChange } from './api/pod-cache.ts';
import { deletePod } from './delete-pod.ts';
import type { KubernetesParts } from './kubernetes-parts.ts';
import type { PodEventReason } from './pod-events.ts';
import { isNodeLost, readEnd, readEndOfDeleted } from './pods/read-end.ts';
import { readSessionPod, type SessionPod } from './pods/session-pod.ts';

/** Delay before what is left of an ended instance is deleted again, if that failed. */
export const removeAgainAfterMs = 5_000;

/** Follows the pods, and delivers the end of each instance that was ready. */
export interface InstanceEnds {
  watch(listener: EndListener): () => void;
  /** Resolves when no pod is being deleted any more. */
  close(): Promise<void>;
}

interface KnownEnd {
  pod: Pod;
  isAcknowledged: boolean;
  isGone: boolean;
}

export function createInstanceEnds(parts: KubernetesParts): InstanceEnds {
  const { informer, events, clock } = parts;
  const ends = new Map<InstanceId, KnownEnd>();
  const remains = createRemains(parts);
  const onAcknowledged = ({ instanceId }: InstanceEnd) => {
    const end = ends.get(instanceId);
    if (!end) return;
    end.isAcknowledged = true;
    if (end.isGone) ends.delete(instanceId);
    else remains.remove(end.pod);
  };
  const delivery = createEndDelivery({ clock, onAcknowledged });

  const deliver = ({ instanceId, sessionId }: SessionPod, pod: Pod, cause: ExitCause) => {
    ends.set(instanceId, { pod, isAcknowledged: false, isGone: false });
    const event = eventOf(cause);
    if (event) events.warn(pod, event, [cause.reason, cause.detail].filter(Boolean).join(': '));
    // Listeners are called before this returns, so that whoever sees the state finds the end.
    const end = { instanceId, ...(sessionId && { sessionId }), ...cause };
    runDetached(() => delivery.deliver(end));
  };

  const follow = (change: PodChange) => {
    const { pod, type } = change;
    const instance = readSessionPod(pod);
    if (!instance) return;
    const known = ends.get(instance.instanceId);
    const isGone = type === 'deleted';
    if (!known) {
      const cause = isGone ? readEndOfDeleted(pod, change.vanished) : readEnd(pod);
      if (cause && instance.state !== 'starting') deliver(instance, pod, cause);
      // Whoever started it may not be there to remove it.
      else if (cause && !isGone) remains.remove(pod);
    }
    const end = ends.get(instance.instanceId);
    if (!isGone || !end) return;
    end.isGone = true;
    if (end.isAcknowledged) ends.delete(instance.instanceId);
  };
  const stopFollowing = informer.subscribe(follow);

  return {
    watch: delivery.watch,
    async close() {
      stopFollowing();
      delivery.close();
      await remains.close();
    },
  };
}

/** What an operator should know besides the session's row; undefined for a usual end. */
function eventOf({ reason }: ExitCause): PodEventReason | undefined {
  if (reason === 'node_lost' || reason === 'evicted') return 'InstanceLost';
  return reason === 'crashed' || reason === 'oom_killed' ? 'InstanceFailed' : undefined;
}

/** Deletes what is left of ended instances, and again if that fails. */
function createRemains(parts: KubernetesParts) {
  const { clock, logger } = parts;
  const closing = new AbortController();
  const removals = new Map<string, Promise<void>>();
  const removeUntilGone = async (pod: Pod) => {
    const { name, uid } = pod.metadata;
    const force = isNodeLost(pod) ? { gracePeriodSeconds: 0 } : {};
    for (;;) {
      try {
        await deletePod(parts, name, { uid, ...force });
        return;
      } catch (err) {
        logger.warn({ err, pod: name }, 'pod of an ended instance not deleted');
      }
      if (closing.signal.aborted) return;
      await clock.sleep(removeAgainAfterMs, closing.signal).catch(() => undefined);
    }
  };
  return {
    remove(pod: Pod) {
      const { name } = pod.metadata;
      if (removals.has(name) || closing.signal.aborted) return;
      const removal = removeUntilGone(pod).finally(() => removals.delete(name));
      removals.set(name, removal);
      runDetached(() => removal);
    },
    async close() {
      closing.abort(new Error('the provisioner is closed'));
      await Promise.all(removals.values());
    },
  };
}
