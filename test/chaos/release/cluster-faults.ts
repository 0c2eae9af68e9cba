import { cluster } from '../../cluster/support/cluster-program.ts';
import type { Fault } from '../chaos-cluster.ts';
import type { PlanePods } from './plane-pods.ts';
import type { PodSession } from './pod-session.ts';

type Faults = Readonly<Record<string, Fault<PodSession>>>;

/** Kubernetes waits longer before each restart of a container: 10 s, 20 s, 40 s, … */
const mostStoreKills = 3;

/** Faults of the planes' pods, and of what they depend on. Each lasts until all run again. */
export function createClusterFaults(planes: PlanePods): {
  planeFaults: Faults;
  clusterFaults: Faults;
} {
  let storeKills = 0;
  return {
    planeFaults: {
      'control-plane pod killed': ({ random }) => planes.deletePod('control-plane', random),
      'data-plane pod killed': ({ random }) => planes.deletePod('data-plane', random),
    },
    clusterFaults: {
      async 'store container killed'() {
        if (storeKills === mostStoreKills) return false;
        storeKills += 1;
        return planes.killContainer('local-store');
      },
      async 'API server restarted'() {
        await cluster('restart', 'kube-apiserver');
        return planes.untilReady();
      },
    },
  };
}
