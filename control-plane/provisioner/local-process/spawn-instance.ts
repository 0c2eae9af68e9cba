import type { Logger } from '@steppe/service-kit/process/logger';
import { parseQuantity } from '../../runtimes/quantity.ts';
import type { StartRequest } from '../session-provisioner.ts';
import { agentEnvironment, type HostVariables } from './agent-environment.ts';
import { type AgentProcess, spawnAgent } from './agent-process.ts';
import { fillInstanceDirectory, instanceDirectory, removeTree } from './instance-directory.ts';
import { type InstanceFacts, takeOwnership, writeFacts } from './instance-entry.ts';
import { identify } from './process-identity.ts';
import type { KeyPublisher } from './publish-keys.ts';
import type { SupervisorCommand } from './supervisor-command.ts';

export interface LaunchOptions {
  /** Path of the session-agent's bundle. */
  agentBundle: string;
  supervisorCommand: SupervisorCommand;
  /** What agents verify internal tokens with. */
  keys: KeyPublisher;
  hostVariables: HostVariables;
  /** Of the agents. */
  agentLogLevel: string;
  /**
   * Of the instances: shared by the control-planes of one table, and by no others. At most 50
   * bytes; made where it is absent.
   */
  instancesDirectory: string;
  logger: Logger;
  /** Milliseconds of Unix time. */
  now: () => number;
  /** From SIGTERM to SIGKILL; 5 s where absent. */
  graceMs?: number;
}

/** @throws where nothing is left in `root`. */
export async function spawnInstance(
  root: string,
  options: LaunchOptions,
  { runtime, resources, sessionId }: StartRequest,
  facts: InstanceFacts,
): Promise<AgentProcess> {
  const directory = instanceDirectory(root);
  try {
    // Before the facts, so that nobody ever sees it without an owner.
    if (sessionId) await takeOwnership(root, sessionId);
    await writeFacts(root, facts);
    await fillInstanceDirectory(directory);
    await options.keys.publishTo(directory.keys);
    const agent = spawnAgent({
      bundle: options.agentBundle,
      cwd: root,
      env: agentEnvironment({
        host: options.hostVariables,
        instanceId: facts.instanceId,
        instancesDirectory: options.instancesDirectory,
        directory,
        supervisorCommand: options.supervisorCommand(runtime),
        preload: runtime.preload,
        memoryBytes: Math.ceil(parseQuantity(resources.memory)),
        logLevel: options.agentLogLevel,
      }),
      graceMs: options.graceMs ?? 5_000,
      logger: options.logger.child({
        session_id: sessionId ?? undefined,
        instance_id: facts.instanceId,
      }),
    });
    if (agent.pid !== undefined) {
      const spawned = { ...facts, agent: identify(agent.pid) };
      await writeFacts(root, spawned).catch(() => agent.end());
    }
    return agent;
  } catch (error) {
    options.keys.forget(directory.keys);
    await removeTree(root);
    throw error;
  }
}
