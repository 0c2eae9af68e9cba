import { setMaxListeners } from 'node:events';
import type { InstanceId } from '@steppe/contracts/ids';
import { abortable, followBoth } from '../../abortable.ts';
import { withTimeout } from '../../with-timeout.ts';
import type {
  Instance,
  ListedInstance,
  SessionProvisioner,
  StartRequest,
} from '../session-provisioner.ts';
import { StartFailedError } from '../start-failed-error.ts';
import type { Pod } from './api/kube-objects.ts';
import { listAllPods } from './api/list-all-pods.ts';
import { createClaim } from './claim-instance.ts';
import { deletePod, deletePodWhile } from './delete-pod.ts';
import { createInstanceEnds } from './deliver-ends.ts';
import { label, podName, sessionPodLabels } from './pods/pod-labels.ts';
import { readEnd } from './pods/read-end.ts';
import { isDeleting, poolGroup, toListed } from './pods/session-pod.ts';
import { type StartParts, startInstance } from './start-instance.ts';

/** How long a call may wait for the first list of all pods. */
const syncLimitMs = 30_000;

/**
 * Instances are pods of one namespace, which any number of control-planes share. What they are is
 * in the labels of the pods; this process has a cache of them and the ends that are not
 * acknowledged. It closes the API and the informer that it is given.
 */
export function createKubernetesProvisioner(parts: StartParts): SessionProvisioner {
  const { api, informer, clock } = parts;
  const ends = createInstanceEnds(parts);
  const claim = createClaim(parts);
  const closing = new AbortController();
  // Every pending start adds one.
  setMaxListeners(0, closing.signal);
  const pending = new Set<Promise<unknown>>();
  const synced = () =>
    withTimeout({ clock, signal: closing.signal, limitMs: syncLimitMs }, (signal) =>
      abortable(informer.synced, signal),
    );

  const end = async (instanceId: InstanceId) => {
    const name = podName(instanceId);
    const pod = informer.get(name);
    // What is left of an instance that has ended stays until its end is acknowledged. Nobody waits
    // for that here: as long as the table is away, it takes minutes.
    if (!pod || readEnd(pod) === null) await deletePod(parts, name);
  };

  const start = async (request: StartRequest): Promise<Instance> => {
    const { signal, release } = followBoth(closing.signal, request.signal);
    try {
      return await startInstance(parts, { ...request, signal });
    } finally {
      release();
    }
  };

  return {
    start(request) {
      const started = start(request).finally(() => pending.delete(started));
      pending.add(started);
      return started;
    },
    async claim(request) {
      await synced();
      return claim(request);
    },
    retire: (instanceId) => deletePodWhile(parts, podName(instanceId), isWarm),
    end,
    list: () => listInstances(parts),
    async count({ runtime, version }) {
      await synced();
      const sizeOf = (state: 'warm' | 'starting') =>
        informer.group(poolGroup(state, runtime, version)).size;
      return { warm: sizeOf('warm'), starting: sizeOf('starting') };
    },
    watch: ends.watch,
    async close() {
      closing.abort(new StartFailedError('start_failed', 'the control-plane is closing'));
      await Promise.allSettled(pending);
      await ends.close();
      await informer.close();
      await api.close();
    },
  };
}

/**
 * The instances by a quorum read, whatever is requested: nothing lists in the path of a request.
 * The cache learns what was read, so that the ends of listed pods are known too.
 */
async function listInstances({ api, informer }: StartParts): Promise<ListedInstance[]> {
  const listed: ListedInstance[] = [];
  const onPage = (pods: readonly Pod[]) => {
    for (const pod of pods) {
      informer.observe(pod);
      listed.push(...toListed(pod));
    }
  };
  await listAllPods(api.pods, { labels: sessionPodLabels, onPage });
  return listed;
}

const isWarm = (pod: Pod): boolean =>
  pod.metadata.labels[label.state] === 'warm' && !isDeleting(pod) && readEnd(pod) === null;
