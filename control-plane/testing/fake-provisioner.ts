import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createIds, type InstanceId } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { openInstancesDirectory } from '../provisioner/local-process/instance-directory.ts';
import {
  createLocalProcessProvisioner,
  type LocalProcessOptions,
} from '../provisioner/local-process/local-process-provisioner.ts';
import type { LocalRuntime } from '../provisioner/local-process/local-runtime.ts';
import type { SessionProvisioner } from '../provisioner/session-provisioner.ts';
import { findRuntime } from '../runtimes/find-runtime.ts';
import type { SessionRuntime } from '../runtimes/session-runtime.ts';
import { makeInternalKeys, type TestKeys } from './internal-keys.ts';
import { sessionRuntimes } from './session-runtimes.ts';

export const fakeAgentBundle = fileURLToPath(new URL('./fake-agent.mjs', import.meta.url));

const behaviours = [
  'serve',
  'crash-before-ready',
  'say-nonsense',
  'never-ready',
  'refuse-bind',
  'hang-bind',
  'die-on-bind',
  'second-epoch',
  'refuse-limits',
  'hang-state',
  'ignore-term',
  'lose-child',
] as const;
export type Behaviour = (typeof behaviours)[number];

const builtIn = sessionRuntimes(0);
const python = findRuntime(builtIn, 'python');

/** A runtime whose agents behave in this way; `python` and `node` work normally. */
export const behaving = (name: Behaviour): SessionRuntime => ({ ...python, name });
export const fakeRuntimes: readonly SessionRuntime[] = [...builtIn, ...behaviours.map(behaving)];

const fakeAgents: readonly LocalRuntime[] = fakeRuntimes.map(({ name }) => ({
  name,
  supervisorCommand: ['fake-agent', name],
  preload: [],
}));

/** Options that replace those of the fakes. */
type AgentOptions = Pick<LocalProcessOptions, 'agentBundle' | 'runtimes' | 'hostVariables'>;

export interface Fakes extends TestKeys {
  provisioner: SessionProvisioner;
  instancesDirectory: string;
  /** The processes and directories that are left of its instances. */
  leftovers(): Promise<string[]>;
  /** The pid of the agent of this instance. */
  pidOf(instanceId: InstanceId): Promise<number>;
  environmentOf(instanceId: InstanceId): Promise<Record<string, string>>;
  /** Reads a file below the directory of the instance as text. */
  readIn(instanceId: InstanceId, file: string): Promise<string>;
}

/** Starts the local-process provisioner with the fake agent, in its own directory. */
export async function startFakes(
  agents: Partial<AgentOptions> = {},
  instancesDirectory = `/tmp/steppe-${randomUUID().slice(0, 13)}`,
): Promise<Fakes> {
  const keys = await makeInternalKeys();
  const options = {
    agentBundle: fakeAgentBundle,
    runtimes: fakeAgents,
    publicKeys: () => keys.publicKeys,
    hostVariables: {},
    ...agents,
    agentLogLevel: 'info',
    logger: createLogger({ service: 'test', level: 'silent' }),
    clock: systemClock,
    graceMs: 300,
    instancesDirectory,
  };
  await openInstancesDirectory(instancesDirectory);
  const processOf = async (instanceId: InstanceId) => {
    // Only the agent itself has the path of the keys in its environment.
    const found = (await processes()).find(
      ({ env }) =>
        env.includes(`STEPPE_INSTANCE_ID=${instanceId}`) &&
        env.some((variable) => variable.startsWith('STEPPE_KEYS_DIR=')),
    );
    if (!found) throw new Error(`${instanceId} has no process`);
    return found;
  };
  const environmentOf = async (instanceId: InstanceId) => {
    const { env } = await processOf(instanceId);
    return Object.fromEntries(env.map(splitVariable));
  };
  return {
    ...keys,
    instancesDirectory,
    provisioner: createLocalProcessProvisioner({ ...options, ids: createIds(options.clock) }),
    leftovers: async () => {
      const live = (await processes()).filter(({ env }) =>
        env.some((variable) => variable.includes(instancesDirectory)),
      );
      const directories = (await readdir(instancesDirectory).catch(() => [])).filter((name) =>
        name.startsWith('ins_'),
      );
      return [...live.map(({ pid }) => `pid ${pid}`), ...directories];
    },
    pidOf: async (instanceId) => (await processOf(instanceId)).pid,
    environmentOf,
    readIn: async (instanceId, file) => {
      const { STEPPE_TERMINATION_FILE: termination = '' } = await environmentOf(instanceId);
      return readFile(join(dirname(termination), file), 'utf8');
    },
  };
}

const splitVariable = (variable: string): [string, string] => {
  const [name = '', ...value] = variable.split('=');
  return [name, value.join('=')];
};

/** Every process of this machine with a readable environment. */
async function processes(): Promise<{ pid: number; env: string[] }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return Promise.all(pids.map(async (pid) => ({ pid, env: await readEnvironment(pid) })));
}

/** Empty for a process that has exited, even if nobody has reaped it. */
async function readEnvironment(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/environ`, 'utf8'))
      .split('\0')
      .filter((variable) => variable !== '');
  } catch {
    return [];
  }
}

export const isRunning = async (pid: number): Promise<boolean> =>
  (await readEnvironment(pid)).length > 0;
