import { Socket } from 'node:net';
import { createIds, type InstanceId, type SessionId } from '@steppe/contracts/ids';
import { connectProvisioner } from '@steppe/control-plane/provisioner/kubernetes/open-kubernetes';
import { label, podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import type { SessionProvisioner } from '@steppe/control-plane/provisioner/session-provisioner';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { type Network, tcpNetwork } from '@steppe/service-kit/http/network';
import { createLogger } from '@steppe/service-kit/process/logger';
import { Kernel } from '../../../kernel/kernel.ts';
import { createSimulatedClock } from '../../../kernel/simulated-clock.ts';
import { type ClusterModel, createClusterModel } from '../cluster-model.ts';
import type { ClusterOptions } from '../cluster-parts.ts';
import type { ContainerExit, ContainerStart } from '../container.ts';
import { podTemplate } from '../pod-template.ts';
import { quietCluster } from './quiet-cluster.ts';

/** The least that is an agent in a pod: it becomes ready, is bound once, and stops when told. */
interface FakeAgent {
  address: string;
  boundTo?: SessionId;
  exit(exit: ContainerExit): void;
}

export interface SimulatedPods {
  kernel: Kernel;
  cluster: ClusterModel;
  runtimes: Record<'runtime' | 'crashing' | 'stuck', ReturnType<typeof runtimeOf>>;
  /** The provisioner of one more control-plane. */
  open(): SessionProvisioner;
  /** @returns the status that an agent would respond with. */
  bind(instanceId: InstanceId, address: string, sessionId: SessionId): number;
  /** The agent of the instance exits. */
  exit(instanceId: InstanceId, exit: ContainerExit): void;
}

const runtimeOf = (name: string) => {
  const image = `localhost/${name}:1`;
  return { ...findRuntime(builtInRuntimes(0), 'python'), name, image };
};

/** The real provisioner over the cluster's model, with fake agents. */
export function openSimulatedPods(options: Partial<ClusterOptions> = {}): SimulatedPods {
  const kernel = new Kernel({ seed: 1 });
  const clock = createSimulatedClock(kernel);
  const ids = createIds(clock);
  const agents = new Map<string, FakeAgent>();
  const startContainer = (start: ContainerStart) => startFakeAgent(kernel, agents, start);
  const cluster = createClusterModel(kernel, { ...quietCluster, startContainer, ...options });
  const runtimes = {
    runtime: runtimeOf('python'),
    crashing: runtimeOf('crashing'),
    stuck: runtimeOf('stuck'),
  };
  const network = networkOf(kernel, (host) => {
    const address = cluster.resolve(host);
    return [...agents.values()].some((agent) => agent.address === address);
  });
  const logger = createLogger({ service: 'test', level: 'silent' });
  return {
    kernel,
    cluster,
    runtimes,
    open: () =>
      connectProvisioner(
        cluster.kubeApi({ clock, ids }),
        { config, template: podTemplate, podRuntimes: Object.values(runtimes) },
        { network, clock, ids, logger, registry: createRegistry('test') },
      ),
    bind(instanceId, address, sessionId) {
      const agent = agents.get(podName(instanceId));
      if (!agent || cluster.resolve(new URL(address).hostname) !== agent.address) return 503;
      if (agent.boundTo) return 409;
      agent.boundTo = sessionId;
      return 200;
    },
    exit: (instanceId, exit) => agents.get(podName(instanceId))?.exit(exit),
  };
}

const config = { routeAddress: 'service', longestLifeMs: 3_600_000 } as const;

function startFakeAgent(kernel: Kernel, agents: Map<string, FakeAgent>, start: ContainerStart) {
  const { name, labels } = start.pod.metadata;
  const exit = (exit: ContainerExit) => {
    if (agents.delete(name)) start.ended(exit);
  };
  agents.set(name, { address: start.address, exit });
  kernel.schedule(50, kernel.world, 'fake agent', () => {
    if (labels[label.runtime] === 'crashing') exit({ exitCode: 1 });
    else if (labels[label.runtime] !== 'stuck') start.ready();
  });
  return {
    stop: () => void kernel.schedule(10, kernel.world, 'fake agent', () => exit({ exitCode: 143 })),
    kill: () => void agents.delete(name),
    lose: () => void agents.delete(name),
  };
}

/** @param accepts whether something listens at the host. */
const networkOf = (kernel: Kernel, accepts: (host: string) => boolean): Network => ({
  ...tcpNetwork,
  createConnector: () => (target, callback) => {
    kernel.schedule(1, kernel.world, 'connect', () => {
      if (accepts(target.hostname)) callback(null, new Socket());
      else callback(new Error('connect ECONNREFUSED'), null);
    });
  },
});
