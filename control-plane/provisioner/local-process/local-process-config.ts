import { type Environment, pickVariables } from '@steppe/service-kit/config/load-config';
import * as z from 'zod';
import type { RuntimesConfig } from '../../runtimes/read-runtimes.ts';
import { type HostVariables, hostVariableNames } from './agent-environment.ts';
import type { Interpreters } from './local-runtime.ts';

export interface LocalProcessConfig extends RuntimesConfig {
  kind: 'local-process';
  agentBundle: string;
  runtimesDirectory: string;
  instancesDirectory: string;
  publicKeysDirectory: string;
  interpreters: Interpreters;
  hostVariables: HostVariables;
  /** Log level of the agents. */
  logLevel: string;
}

const path = z.string().min(1).optional();

export const localProcessVariables = {
  AGENT_BUNDLE: path.describe('local-process, required: path of the session-agent’s bundle'),
  RUNTIMES_DIR: path.describe(
    'local-process, required: directory with python/supervisor.py and node/supervisor.cjs',
  ),
  INSTANCES_DIR: path
    .refine(
      (value) => value === undefined || Buffer.byteLength(value) <= 50,
      'is longer than 50 bytes: a socket’s path in it would be cut',
    )
    .describe(
      'local-process, required: directory of the instances of this control-plane alone; made if absent',
    ),
  PUBLIC_KEYS_DIR: path.describe(
    'local-process, required: directory with control-plane.json and data-plane.json for the agents',
  ),
  STEPPE_PYTHON: z
    .string()
    .default('python3')
    .describe('local-process: the Python interpreter of sessions'),
  STEPPE_NODE: z
    .string()
    .default(process.execPath)
    .describe(
      'local-process: the Node binary of sessions; unset: the one that runs the control-plane',
    ),
};

const required = z.string({ error: 'must be set with PROVISIONER=local-process' });

/** The variables that must be set if this provisioner is configured. */
export const requiredByLocalProcess = z.object({
  AGENT_BUNDLE: required,
  RUNTIMES_DIR: required,
  INSTANCES_DIR: required,
  PUBLIC_KEYS_DIR: required,
});

interface Variables {
  STEPPE_PYTHON: string;
  STEPPE_NODE: string;
  LOG_LEVEL: string;
}

/** @param env the environment, of which agents inherit a few variables. */
export function toLocalProcessConfig(
  variables: Variables,
  runtimes: RuntimesConfig,
  env: Environment,
): LocalProcessConfig {
  const paths = requiredByLocalProcess.parse(variables);
  return {
    kind: 'local-process',
    ...runtimes,
    agentBundle: paths.AGENT_BUNDLE,
    runtimesDirectory: paths.RUNTIMES_DIR,
    instancesDirectory: paths.INSTANCES_DIR,
    publicKeysDirectory: paths.PUBLIC_KEYS_DIR,
    interpreters: { python: variables.STEPPE_PYTHON, node: variables.STEPPE_NODE },
    hostVariables: pickVariables(env, hostVariableNames),
    logLevel: variables.LOG_LEVEL,
  };
}
