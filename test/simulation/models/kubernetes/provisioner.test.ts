import { describeSessionProvisioner } from '@steppe/control-plane/provisioner/conformance/session-provisioner-conformance';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { systemClock } from '@steppe/service-kit/process/clock';
import { runInBackground } from '../../testing/run-in-background.ts';
import { openSimulatedPods, type SimulatedPods } from './testing/open-simulated-pods.ts';

describeSessionProvisioner('the Kubernetes provisioner on the simulated cluster', {
  isShared: true,
  reasons: ['idle', 'expired', 'oom_killed', 'evicted', 'node_lost'],
  open: async () => {
    const pods = openSimulatedPods();
    const { cluster, runtimes } = pods;
    const stop = runInBackground(pods.kernel);
    return {
      provisioner: pods.open(),
      openAnother: pods.open,
      ...runtimes,
      bind: async (instanceId, address, sessionId) => pods.bind(instanceId, address, sessionId),
      kill: async (instanceId) => cluster.killPod(podName(instanceId), 'crashed'),
      endAs: async (reason, { instanceId }) => {
        const name = podName(instanceId);
        if (reason === 'evicted') cluster.evict(name, 'drain');
        else if (reason === 'node_lost') loseNodeOf(pods, name);
        else
          pods.exit(instanceId, { exitCode: 0, message: JSON.stringify({ end_reason: reason }) });
      },
      leftovers: () => leftovers(pods),
      async dispose() {
        const provisioner = pods.open();
        for (const { instanceId } of await provisioner.list()) await provisioner.end(instanceId);
        provisioner.watch(async () => {});
        await leftovers(pods);
        await provisioner.close();
        await stop();
      },
    };
  },
});

function loseNodeOf({ cluster }: SimulatedPods, podName: string): void {
  const pod = cluster.pods().find(({ metadata }) => metadata.name === podName);
  for (const node of cluster.nodes) if (node.name === pod?.spec.nodeName) cluster.loseNode(node);
}

const settleMs = 5_000;

/** What is being deleted, or has ended, may take its time; a pod that runs is returned at once. */
async function leftovers({ cluster }: SimulatedPods): Promise<string[]> {
  const until = systemClock.monotonicMs() + settleMs;
  for (;;) {
    const pods = cluster.pods();
    const left = [...pods, ...cluster.services()].map(({ metadata }) => metadata.name);
    const isAlive = pods.some(
      ({ metadata, status }) =>
        !metadata.deletionTimestamp && !['Failed', 'Succeeded'].includes(status?.phase ?? ''),
    );
    if (left.length === 0 || isAlive || systemClock.monotonicMs() > until) return left;
    await systemClock.sleep(5);
  }
}
