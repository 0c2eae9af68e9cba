import { newInstanceId } from '@steppe/contracts/ids';
import type { EndedReason } from '@steppe/contracts/session';
import type { Logger } from '@steppe/service-kit/logger';
import { abortable } from '../../abortable.ts';
import { parseQuantity } from '../../runtimes/quantity.ts';
import type { Instance, InstanceEnd, StartRequest } from '../session-provisioner.ts';
import { StartFailed } from '../start-failed.ts';
import { agentEnvironment, type HostVariables } from './agent-environment.ts';
import { type AgentProcess, type SpawnAgentOptions, spawnAgent } from './agent-process.ts';
import { type InstanceDirectory, makeInstanceDirectory, type PublicKeys, removeTree } from './instance-directory.ts';
import { readEnd } from './read-end.ts';

export interface LaunchOptions {
  /** Path of the session-agent's bundle. */
  agentBundle: string;
  /** The program and the arguments that start a supervisor, by the name of the runtime. */
  supervisorCommands: Readonly<Record<string, readonly string[]>>;
  /** What agents verify internal tokens with. */
  publicKeys: PublicKeys;
  hostVariables: HostVariables;
  /** Of the agents. */
  agentLogLevel: string;
  logger: Logger;
  /** From SIGTERM to SIGKILL; 5 s where absent. */
  graceMs?: number;
  /** What the paths of the instances' directories begin with; `/tmp/steppe-` where absent. */
  directoryPrefix?: string;
}

export interface LaunchedInstance extends Instance {
  /** Begins its end; `reason` counts where the agent gives none. */
  end(reason: EndedReason): void;
  /** Resolves when nothing of the instance is left; never rejects. */
  gone: Promise<InstanceEnd>;
}

/** @throws where nothing of the instance is left: StartFailed, the signal's reason, or what the system refused it with. */
export async function launchInstance(options: LaunchOptions, request: StartRequest): Promise<LaunchedInstance> {
  const { sessionId, signal } = request;
  const supervisorCommand = options.supervisorCommands[request.runtime.name];
  if (!supervisorCommand) throw new Error(`there is no supervisor command for the runtime ${request.runtime.name}`);
  const instanceId = newInstanceId();
  const logger = options.logger.child({ session_id: sessionId, instance_id: instanceId });
  const directory = await makeInstanceDirectory(options.publicKeys, options.directoryPrefix);
  const agent = await spawnIn(directory, {
    bundle: options.agentBundle,
    cwd: directory.root,
    env: agentEnvironment({
      host: options.hostVariables,
      instanceId,
      directory,
      language: request.runtime.language,
      supervisorCommand,
      memoryBytes: Math.floor(parseQuantity(request.resources.memory)),
      logLevel: options.agentLogLevel,
    }),
    graceMs: options.graceMs ?? 5_000,
    logger,
  });
  let askedBecause: EndedReason | undefined;
  const gone = agent.exited.then(async (exit) => {
    const end = await readEnd(directory.terminationFile, exit, askedBecause);
    await removeTree(directory.root).catch((err) => logger.error({ err, directory: directory.root }, 'a directory stays behind'));
    return { instanceId, sessionId, ...end };
  });
  const port = await readyPort(agent, gone, signal);
  const end = (reason: EndedReason) => {
    askedBecause ??= reason;
    agent.end();
  };
  return { instanceId, sessionId, address: `http://127.0.0.1:${port}`, end, gone };
}

async function spawnIn(directory: InstanceDirectory, options: SpawnAgentOptions): Promise<AgentProcess> {
  try {
    return spawnAgent(options);
  } catch (error) {
    await removeTree(directory.root);
    throw error;
  }
}

async function readyPort(agent: AgentProcess, gone: Promise<InstanceEnd>, signal: AbortSignal): Promise<number> {
  try {
    return await abortable(agent.port, signal);
  } catch (cause) {
    agent.end();
    const { detail } = await gone;
    signal.throwIfAborted();
    throw new StartFailed('crashed', detail ?? 'the agent ended before it was ready', { cause });
  }
}
