import type { CoreV1Api } from '@kubernetes/client-node';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { agentPid, runtimePid } from '../../cluster/support/container-processes.ts';
import type { Fault, Victims } from '../chaos-cluster.ts';
import { pick } from '../pick.ts';
import type { PodSession } from './pod-session.ts';

/** Faults of the pods of sessions. The last three end a session. */
export function sessionFaults(
  core: CoreV1Api,
  namespace: string,
): Readonly<Record<string, Fault<PodSession>>> {
  const restarted = new WeakSet<PodSession>();

  async function killRuntime({ live, random }: Victims<PodSession>): Promise<boolean> {
    // Kubernetes restarts a container at once only the first time.
    const session = pick(
      live.all().filter((one) => !restarted.has(one)),
      random,
    );
    if (!session) return false;
    restarted.add(session);
    return succeeds(async () => kill(await runtimePid(session.instanceId)));
  }

  const ending =
    (end: (session: PodSession, name: string) => Promise<unknown>): Fault<PodSession> =>
    async ({ live, random }) => {
      const session = pick(live.all(), random);
      if (!session) return false;
      live.doom(session);
      return succeeds(() => end(session, podName(session.instanceId)));
    };

  return {
    'worker killed by memory': exhaustMemory,
    'runtime container killed': killRuntime,
    'agent killed': ending(async ({ instanceId }) => kill(await agentPid(instanceId))),
    'pod deleted': ending((_, name) => core.deleteNamespacedPod({ name, namespace })),
    'pod evicted': ending((_, name) =>
      core.createNamespacedPodEviction({ name, namespace, body: { metadata: { name } } }),
    ),
  };
}

async function exhaustMemory({ live, random }: Victims<PodSession>): Promise<boolean> {
  const session = pick(live.all(), random);
  const outcome = session && (await live.requestStep(session, 'greedy'));
  return outcome?.kind === 'ended' && outcome.result.error?.name === 'OutOfMemory';
}

const kill = (pid: number): boolean => process.kill(pid, 'SIGKILL');

/** False if the session ended first, or the API server is being restarted. */
const succeeds = (action: () => Promise<unknown>): Promise<boolean> =>
  action().then(
    () => true,
    () => false,
  );
