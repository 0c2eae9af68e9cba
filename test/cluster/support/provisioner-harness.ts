import { ApiException, CoreV1Api } from '@kubernetes/client-node';
import type { EndedReason } from '@steppe/contracts/end-reason';
import { createIds, type InstanceId } from '@steppe/contracts/ids';
import type { OpenProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import type { RouteAddress } from '@steppe/control-plane/provisioner/kubernetes/kubernetes-config';
import { connectProvisioner } from '@steppe/control-plane/provisioner/kubernetes/open-kubernetes';
import { defaultPodSettings } from '@steppe/control-plane/provisioner/kubernetes/pod-settings';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import type { PodRuntime } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-manifest';
import type {
  Instance,
  SessionProvisioner,
} from '@steppe/control-plane/provisioner/session-provisioner';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { createAgentClient } from '@steppe/control-plane/sessions/agent-client';
import { bindStatus } from '@steppe/control-plane/testing/bind-status';
import type { TestKeys } from '@steppe/control-plane/testing/internal-keys';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { images } from './config.ts';
import { agentPid } from './container-processes.ts';
import { loadAdmin } from './namespaces.ts';
import { publicKeysConfigMap } from './session-namespace.ts';

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

const logger = createLogger({ service: 'test', level: 'silent' });

/** Opens the provisioner of one more control-plane. */
function openPodProvisioner(
  namespace: string,
  routeAddress: RouteAddress = 'service',
): SessionProvisioner {
  const ids = createIds(systemClock);
  const api = createClientKubeApi({ load: loadAdmin, namespace, clock: systemClock, ids });
  const template = {
    agentImage: images().agent,
    publicKeysConfigMap,
    settings: defaultPodSettings,
    agentVariables: {},
    runtimeVariables: {},
    preload: undefined,
    logLevel: 'info',
  };
  const pods = {
    config: { routeAddress, longestLifeMs: 3_600_000 },
    template,
    podRuntimes: Object.values(runtimes),
  };
  const registry = createRegistry('test');
  return connectProvisioner(api, pods, { clock: systemClock, ids, logger, registry });
}

/** What the provisioner's conformance suite needs, in a namespace of session pods. */
export function openHarness(
  namespace: string,
  { signer }: TestKeys,
  routeAddress: RouteAddress,
): OpenProvisioner {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const provisioner = openPodProvisioner(namespace, routeAddress);
  return {
    provisioner,
    openAnother: () => openPodProvisioner(namespace, routeAddress),
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
  const agents = createAgentClient(signer);
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
