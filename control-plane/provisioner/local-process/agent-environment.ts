import type { InstanceId } from '@steppe/contracts/ids';
import { agentLimitNames } from '@steppe/service-kit/config/variables';
import type { InstanceDirectory } from './instance-directory.ts';

/**
 * The variables of this process that an agent inherits; it inherits no others. The last ones
 * configure the runtimes for the operator.
 */
export const hostVariableNames = [
  'PATH',
  'LANG',
  'HOME',
  'TZ',
  'TMPDIR',
  'STEPPE_PRELOAD',
  'STEPPE_FIGURE_FORMAT',
  'STEPPE_MAX_FILE_BYTES',
  ...agentLimitNames,
] as const;
export type HostVariables = Partial<Readonly<Record<(typeof hostVariableNames)[number], string>>>;

export interface AgentEnvironment {
  host: HostVariables;
  instanceId: InstanceId;
  /** The directory of all instances. */
  instancesDirectory: string;
  directory: InstanceDirectory;
  supervisorCommand: readonly string[];
  /** Preloads of the runtime, in addition to those of the host. */
  preload?: readonly string[];
  memoryBytes: number;
  logLevel: string;
}

/**
 * The environment of an agent process. Together with two pipes it is the whole contract between the
 * agent and this provisioner.
 */
export const agentEnvironment = (agent: AgentEnvironment): Record<string, string> => ({
  ...agent.host,
  ...preloadOf(agent),
  HOST: '127.0.0.1',
  PORT: '0',
  LOG_LEVEL: agent.logLevel,
  STEPPE_INSTANCE_ID: agent.instanceId,
  STEPPE_INSTANCE_DIR: agent.directory.root,
  STEPPE_INSTANCES_DIR: agent.instancesDirectory,
  STEPPE_RUN_DIR: agent.directory.run,
  STEPPE_WORKSPACE: agent.directory.workspace,
  STEPPE_KEYS_DIR: agent.directory.keys,
  STEPPE_TERMINATION_FILE: agent.directory.terminationFile,
  STEPPE_LIFELINE: 'stdin',
  STEPPE_READY_FD: '3',
  STEPPE_MEMORY_BYTES: String(agent.memoryBytes),
  STEPPE_SUPERVISOR_COMMAND: JSON.stringify(agent.supervisorCommand),
});

function preloadOf({ host, preload = [] }: AgentEnvironment): { STEPPE_PRELOAD?: string } {
  const modules = [...(host.STEPPE_PRELOAD ? [host.STEPPE_PRELOAD] : []), ...preload];
  return modules.length > 0 ? { STEPPE_PRELOAD: modules.join(',') } : {};
}
