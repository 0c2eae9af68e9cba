import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('../../../tools/cluster/cluster', import.meta.url));

type Component =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubelet'
  | 'kube-proxy'
  | 'netpol';

/**
 * Starts and kills the components of the cluster that tools/cluster runs on this machine.
 * @param settings variables of that program, besides those of this process.
 */
export const cluster = async (
  command: 'kill' | 'restart',
  component: Component,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  await promisify(execFile)('env', [...variables, program, command, component]);
};
