import { ApiException, CoreV1Api } from '@kubernetes/client-node';
import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId } from '@steppe/contracts/ids';
import type { OpenProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import type { RouteAddress } from '@steppe/control-plane/provisioner/kubernetes/kubernetes-config';
import type { PodRuntime } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import type {
  Instance,
  SessionProvisioner,
} from '@steppe/control-plane/provisioner/session-provisioner';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { createAgentClient } from '@steppe/control-plane/sessions/agent-client';
import { bindStatus } from '@steppe/control-plane/testing/bind-status';
import type { TestKeys } from '@steppe/control-plane/testing/internal-keys';
import { systemClock } from '@steppe/service-kit/process/clock';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { images } from './config.ts';
import { agentPid } from './container-processes.ts';
import { loadAdmin } from './namespaces.ts';
import { openPodProvisioner } from './open-pod-provisioner.ts';

const python = findRuntime(builtInRuntimes(0), 'python');
const runtimeOf = (name: string, image: string): PodRuntime => ({ ...python, name, image });

/**
 * The runtimes of the suite. Two have an image of something else: a control-plane exits without its
 * configuration, and the pause container never connects to its agent.
 */
const runtimes = {
  runtime: runtimeOf('python', images().python),
  crashing: runtimeOf('crashing', images().controlPlane),
  stuck: runtimeOf('stuck', images().pause),
};

/** Opens the provisioner of one more control-plane. */
const open = (namespace: string, routeAddress: RouteAddress): SessionProvisioner =>
  openPodProvisioner(namespace, { routeAddress, podRuntimes: Object.values(runtimes) });

/** What the provisioner's conformance suite needs, in a namespace of session pods. */
export function openHarness(
  namespace: string,
  { signer }: TestKeys,
  routeAddress: RouteAddress,
): OpenProvisioner {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const provisioner = open(namespace, routeAddress);
  return {
    provisioner,
    openAnother: () => open(namespace, routeAddress),
    ...runtimes,
    bind: (instanceId, address, sessionId) => bindStatus(signer, instanceId, address, sessionId),
    kill: async (instanceId) => void process.kill(await agentPid(instanceId), 'SIGKILL'),
    endAs: (reason, instance) => endAs(core, namespace, signer, reason, instance),
    leftovers: () => leftovers(core, namespace),
    dispose: () => deleteAllPods(core, namespace),
  };
}

async function endAs(
  core: CoreV1Api,
  namespace: string,
  signer: TestKeys['signer'],
  reason: EndedReason,
  instance: Instance,
): Promise<void> {
  const { instanceId } = instance;
  if (reason === 'evicted') return evict(core, namespace, instanceId);
  if (reason === 'node_lost') return loseNode(core, namespace, instanceId);
  const agents = createAgentClient({ signer, ...realParts });
  await agents.end(instance, reason, AbortSignal.timeout(10_000));
  await agents.close();
}

/** As `kubectl drain` does. */
async function evict(core: CoreV1Api, namespace: string, instanceId: InstanceId): Promise<void> {
  const name = podName(instanceId);
  await core.createNamespacedPodEviction({ name, namespace, body: { metadata: { name } } });
}

/** As the node controller does with the pods of a node that does not respond. */
async function loseNode(core: CoreV1Api, namespace: string, instanceId: InstanceId): Promise<void> {
  const name = podName(instanceId);
  const { status } = await core.readNamespacedPodStatus({ name, namespace });
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: new Date(),
  };
  const conditions = [...(status?.conditions ?? []), condition];
  const body = [{ op: 'add', path: '/status/conditions', value: conditions }];
  await core.patchNamespacedPodStatus({ name, namespace, body });
  // The provisioner may be faster.
  await core.deleteNamespacedPod({ name, namespace }).catch((error: unknown) => {
    if (!(error instanceof ApiException && error.code === 404)) throw error;
  });
}

const settleMs = 20_000;

/**
 * The pods and services of the namespace. What is being deleted, or has ended, may take its time;
 * a pod that runs is returned at once.
 */
async function leftovers(core: CoreV1Api, namespace: string): Promise<string[]> {
  const until = Date.now() + settleMs;
  for (;;) {
    const [pods, services] = await Promise.all([
      core.listNamespacedPod({ namespace }),
      core.listNamespacedService({ namespace }),
    ]);
    const left = [...pods.items, ...services.items].map(({ metadata }) => metadata?.name ?? '');
    const isAlive = pods.items.some(
      ({ metadata, status }) =>
        !metadata?.deletionTimestamp && !['Failed', 'Succeeded'].includes(status?.phase ?? ''),
    );
    if (left.length === 0 || isAlive || Date.now() > until) return left;
    await systemClock.sleep(50);
  }
}

async function deleteAllPods(core: CoreV1Api, namespace: string): Promise<void> {
  await core.deleteCollectionNamespacedPod({ namespace, gracePeriodSeconds: 0 });
}
