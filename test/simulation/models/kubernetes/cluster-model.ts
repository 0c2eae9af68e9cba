import type { Ids } from '@steppe/contracts/ids';
import { createConnectedKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Kernel } from '../../kernel/kernel.ts';
import { connectToApi } from './api-connection.ts';
import { createApiServer } from './api-server.ts';
import { type ClusterOptions, type ClusterParts, hindersMs } from './cluster-parts.ts';
import { type Change, ClusterState, type KubeObject } from './cluster-state.ts';
import { createDisruptions, type Disruptions } from './disruptions.ts';
import { type ClusterNode, Kubelets } from './kubelets.ts';
import { ServiceRoutes } from './service-routes.ts';

export interface ClusterModel extends Disruptions {
  readonly nodes: readonly ClusterNode[];
  /** The real adapter, over a connection of the process that calls this. */
  kubeApi(parts: { clock: Clock; ids: Pick<Ids, 'random'> }): KubeApi;
  /** What the API server has, as of now. */
  pods(): KubeObject[];
  services(): KubeObject[];
  /** Calls `listener` with each write of an object, whoever made it. */
  onWrite(listener: (change: Change) => void): void;
  /** The names of the pods whose containers run, whatever the API server has. */
  runningPods(): string[];
  /** SIGKILL for the agent, from outside or for its use of memory. */
  killPod(name: string, how: 'crashed' | 'oom_killed'): void;
  /** Where a connection to this host leads; undefined if no node knows a route to it. */
  resolve(host: string): string | undefined;
  /** The API server forgets the versions before the current one. @returns one that is forgotten. */
  forgetHistory(): string;
}

/** A namespace of a cluster: its API server, nodes, kubelets and services. */
export function createClusterModel(kernel: Kernel, options: ClusterOptions): ClusterModel {
  const state = new ClusterState();
  const chance = kernel.random('kubernetes faults');
  const ended = new Set<string>();
  const parts: ClusterParts = {
    ...options,
    kernel,
    state,
    onPodEnd(name, reason) {
      if (!ended.has(name)) options.onPodEnd(name, reason);
      ended.add(name);
    },
    random: kernel.random('kubernetes'),
    strikes(fault) {
      if (!chance.chance(options.faults[fault])) return false;
      options.onFault(fault, hindersMs[fault]);
      return true;
    },
  };
  const kubelets = new Kubelets(parts);
  const routes = new ServiceRoutes(parts);
  const takeClusterIp = () => routes.takeClusterIp();
  const server = createApiServer({ ...parts, takeClusterIp });
  // Every request of the adapter reads them; the model lets everybody in.
  const credentials = { read: async () => ({ headers: {}, tls: {} }), refuse() {} };
  return {
    ...createDisruptions(parts, kubelets),
    nodes: kubelets.nodes,
    kubeApi: ({ clock, ids }) =>
      createConnectedKubeApi({
        connection: connectToApi({ ...parts, server }),
        credentials,
        namespace: 'sessions',
        clock,
        ids,
      }),
    pods: () => state.list('Pod'),
    services: () => state.list('Service'),
    onWrite: (listener) => void state.subscribe(listener),
    runningPods: () => kubelets.runningPods(),
    killPod(name, how) {
      const pod = state.get('Pod', name);
      const reason = how === 'oom_killed' ? { reason: 'OOMKilled' } : {};
      if (pod) kubelets.kill(pod, { exitCode: 137, ...reason });
    },
    resolve: (host) => routes.resolve(host),
    forgetHistory() {
      const forgotten = String(state.version - 1);
      state.forget();
      return forgotten;
    },
  };
}
