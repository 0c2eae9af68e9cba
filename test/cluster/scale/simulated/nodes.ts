import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CoreV1Api, type V1Node } from '@kubernetes/client-node';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { testEnvironment } from '../../../support/config.ts';
import { runOrThrow } from '../../harness/commands.ts';
import { kubeconfig } from '../../support/config.ts';
import { loadAdmin } from '../../support/namespaces.ts';

export interface SimulatedNodes {
  names: readonly string[];
  /** Removes the nodes, and ends KWOK. */
  close(): Promise<void>;
}

const mark = 'steppe.dev/simulated';
const readyLimitMs = 60_000;

/**
 * Nodes that KWOK keeps ready: a pod that names one is running at once, without any container. No
 * other pod is scheduled to them.
 * @param group their names begin with it.
 */
export async function startSimulatedNodes(group: string, count: number): Promise<SimulatedNodes> {
  const directory = (await runOrThrow('tools/cluster/kwok/install', [])).trim();
  const selector = `${mark}=${group}`;
  const kwok = spawn(
    `${directory}/kwok`,
    [
      ...['--kubeconfig', kubeconfig(), '--config', `${directory}/stages.yaml`],
      ...['--manage-nodes-with-label-selector', selector, '--node-lease-duration-seconds', '40'],
    ],
    { env: testEnvironment({}), stdio: 'ignore' },
  );
  const exited = once(kwok, 'exit');
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const close = async () => {
    await core.deleteCollectionNode({ labelSelector: selector });
    kwok.kill();
    await exited;
  };
  try {
    const nodes = Array.from({ length: count }, (_, at) => nodeManifest(group, at));
    for (const body of nodes) await core.createNode({ body });
    await eventually(async () => {
      if (kwok.exitCode !== null) throw new Error(`KWOK exited with ${kwok.exitCode}`);
      const { items } = await core.listNode({ labelSelector: selector });
      const ready = items.filter(isReady).length;
      if (ready < count) throw new Error(`${ready} of ${count} simulated nodes are ready`);
    }, readyLimitMs);
    return { names: nodes.map(({ metadata }) => metadata.name), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const nodeManifest = (group: string, at: number) => ({
  metadata: { name: `${group}-${at}`, labels: { [mark]: group } },
  spec: {
    podCIDR: `10.64.${at}.0/24`,
    taints: [{ key: mark, value: group, effect: 'NoSchedule' }],
  },
});

const isReady = ({ status }: V1Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
