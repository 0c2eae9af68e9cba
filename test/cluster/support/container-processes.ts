import { readdir, readFile } from 'node:fs/promises';
import type { InstanceId } from '@steppe/contracts/ids';

// The node of the cluster is this machine, so that a test can kill what a container runs.

/** The pid, on this machine, of the agent in the pod of an instance. */
export const agentPid = (instanceId: InstanceId): Promise<number> =>
  firstProcess(
    (variables) =>
      variables.includes(`STEPPE_INSTANCE_ID=${instanceId}`) && hasAgentVariable(variables),
    instanceId,
  );

/** The pid, on this machine, of the first process of the runtime's container. */
export const runtimePid = (instanceId: InstanceId): Promise<number> =>
  firstProcess(
    (variables) =>
      variables.includes(`STEPPE_INSTANCE_ID=${instanceId}`) && !hasAgentVariable(variables),
    instanceId,
  );

/** The pid, on this machine, of the first process of a pod with one container. */
export const podPid = (pod: string): Promise<number> =>
  firstProcess((variables) => variables.includes(`HOSTNAME=${pod}`), pod);

const hasAgentVariable = (variables: readonly string[]): boolean =>
  variables.some((variable) => variable.startsWith('STEPPE_KEYS_DIR='));

/** The first process of a container, by its environment. */
async function firstProcess(
  matches: (variables: readonly string[]) => boolean,
  what: string,
): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    if (!matches((await read('environ')).split('\0'))) continue;
    if (/^NSpid:.*\t1$/m.test(await read('status'))) return Number(name);
  }
  throw new Error(`${what} has no process on this machine`);
}
