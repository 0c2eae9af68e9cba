import { readdir, readFile } from 'node:fs/promises';
import type { InstanceId } from '@steppe/contracts/ids';

/**
 * The pid, on this machine, of the agent in the pod of an instance: the node of the cluster is this
 * machine, so that a test can kill what a container runs.
 */
export async function agentPid(instanceId: InstanceId): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const variables = (await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '')).split('\0');
    const isAgent = variables.some((variable) => variable.startsWith('STEPPE_KEYS_DIR='));
    if (isAgent && variables.includes(`STEPPE_INSTANCE_ID=${instanceId}`)) return Number(name);
  }
  throw new Error(`${instanceId} has no process on this machine`);
}
