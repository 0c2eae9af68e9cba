import { CoreV1Api } from '@kubernetes/client-node';
import type { Plane } from '@steppe/contracts/internal';
import type { Language } from '@steppe/contracts/session';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { bind } from '../../conformance/harness/bind.ts';
import { planeSigner } from '../../conformance/harness/plane-keys.ts';
import type { Agent, AgentOptions } from '../../conformance/harness/start-agent.ts';
import { images } from '../support/config.ts';
import { loadAdmin } from '../support/namespaces.ts';
import { openPodProvisioner } from '../support/open-pod-provisioner.ts';
import type { SessionPods } from './session-pods.ts';

const defaultMemoryBytes = 1024 ** 3;
const startLimitMs = 90_000;

/** A bound agent in a pod that the Kubernetes provisioner creates. */
export async function startPod(
  { namespace, keys }: SessionPods,
  language: Language,
  { env = {}, memoryBytes = defaultMemoryBytes, ...options }: AgentOptions,
): Promise<Agent> {
  if (options.agentEnv || options.supervisorCommand)
    throw new Error('the agent and the runtime of a pod are those of its images');
  const [control, data] = await Promise.all([
    planeSigner('control-plane', keys['control-plane']),
    planeSigner('data-plane', keys['data-plane']),
  ]);
  const { instanceId, address: url } = await startInstance(namespace, language, memoryBytes);
  const sessionId = newSessionId();
  const authorization = async (plane: Plane) => {
    const token =
      plane === 'control-plane' ? control.sign(instanceId) : data.sign(instanceId, sessionId);
    return `Bearer ${await token}`;
  };
  await bind(url, await authorization('control-plane'), { session_id: sessionId, env });
  const core = loadAdmin().makeApiClient(CoreV1Api);
  return {
    url,
    sessionId,
    instanceId,
    workspace: '/workspace',
    authorization,
    async stop() {
      // Its service goes with it.
      await core.deleteNamespacedPod({
        name: podName(instanceId),
        namespace,
        gracePeriodSeconds: 0,
      });
    },
  };
}

async function startInstance(namespace: string, language: Language, memoryBytes: number) {
  const runtime = { ...findRuntime(builtInRuntimes(0), language), image: images()[language] };
  const provisioner = openPodProvisioner(namespace, { podRuntimes: [runtime] });
  try {
    return await provisioner.start({
      runtime: language,
      resources: { cpu: '1', memory: String(memoryBytes), ephemeral_storage: '1Gi' },
      version: 'conformance',
      owner: null,
      signal: AbortSignal.timeout(startLimitMs),
    });
  } finally {
    await provisioner.close();
  }
}
