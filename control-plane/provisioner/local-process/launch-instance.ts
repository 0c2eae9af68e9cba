import type { InstanceId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import { parseQuantity } from '../../runtimes/quantity.ts';
import type { StartRequest } from '../session-provisioner.ts';
import type { ExitCause } from '../termination-message.ts';
import { agentEnvironment, type HostVariables } from './agent-environment.ts';
import { spawnAgent } from './agent-process.ts';
import {
  createInstanceDirectory,
  type InstanceDirectory,
  removeTree,
} from './instance-directory.ts';
import type { LocalRuntime } from './local-runtime.ts';
import type { KeyPublisher } from './publish-keys.ts';
import { readTermination } from './read-termination.ts';

export interface LaunchOptions {
  /** Path of the session-agent's bundle. */
  agentBundle: string;
  /** Gives agents the public keys that verify internal tokens. */
  keys: KeyPublisher;
  hostVariables: HostVariables;
  /** Log level of the agents. */
  agentLogLevel: string;
  /** Directory of all instances, owned by this process; a path of at most 50 bytes. */
  instancesDirectory: string;
  logger: Logger;
  clock: Clock;
  /** Time from SIGTERM to SIGKILL. */
  graceMs: number;
}

export interface LaunchedInstance {
  /** The port of the agent; rejects if the agent exits before it is ready. */
  port: Promise<number>;
  /** Begins to end the instance; `cause` applies if the agent leaves no termination message. */
  end(cause?: ExitCause): void;
  /** Resolves when no process and no directory of the instance is left; never rejects. */
  gone: Promise<ExitCause>;
}

/** @throws the system's error, after everything of the instance has been removed. */
export async function launchInstance(
  options: LaunchOptions,
  instanceId: InstanceId,
  runtime: LocalRuntime,
  { owner, resources }: Pick<StartRequest, 'owner' | 'resources'>,
): Promise<LaunchedInstance> {
  const { keys, clock, graceMs, logger } = options;
  const directory = await createInstanceDirectory(options.instancesDirectory, instanceId);
  const clear = async () => {
    keys.forget(directory.keys);
    await removeTree(directory.root);
  };
  try {
    await keys.publishTo(directory.keys);
    const agent = spawnAgent({
      bundle: options.agentBundle,
      cwd: directory.root,
      env: environmentOf(options, { instanceId, directory, runtime, resources }),
      graceMs,
      clock,
      logger: logger.child({
        session_id: owner?.sessionId,
        instance_id: instanceId,
      }),
    });
    let requested: ExitCause | undefined;
    const gone = agent.exited.then(async (exit) => {
      const cause = await readTermination(directory.terminationFile, exit, requested);
      await clear().catch((err: unknown) =>
        logger.error({ err, directory: directory.root }, 'instance directory not removed'),
      );
      return cause;
    });
    const end = (cause?: ExitCause) => {
      requested ??= cause;
      agent.end();
    };
    return { port: agent.port, end, gone };
  } catch (error) {
    await clear();
    throw error;
  }
}

interface LaunchedParts extends Pick<StartRequest, 'resources'> {
  instanceId: InstanceId;
  directory: InstanceDirectory;
  runtime: LocalRuntime;
}

const environmentOf = (
  options: LaunchOptions,
  { instanceId, directory, runtime, resources }: LaunchedParts,
): Record<string, string> =>
  agentEnvironment({
    host: options.hostVariables,
    instanceId,
    instancesDirectory: options.instancesDirectory,
    directory,
    supervisorCommand: runtime.supervisorCommand,
    preload: runtime.preload,
    memoryBytes: Math.ceil(parseQuantity(resources.memory)),
    logLevel: options.agentLogLevel,
  });
