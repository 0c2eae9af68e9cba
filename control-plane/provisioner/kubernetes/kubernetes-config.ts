import { type Environment, pickVariables } from '@steppe/service-kit/config/load-config';
import { agentLimitNames } from '@steppe/service-kit/config/variables';
import * as z from 'zod';
import type { RuntimesConfig } from '../../runtimes/read-runtimes.ts';

export type RouteAddress = 'service' | 'pod';

/** The operator's variables that go to the agent's container, and those of the runtime's. */
export const agentVariableNames = ['STEPPE_MAX_FILE_BYTES', ...agentLimitNames] as const;
export const runtimeVariableNames = ['STEPPE_FIGURE_FORMAT'] as const;

export interface KubernetesConfig extends RuntimesConfig {
  kind: 'kubernetes';
  /** Paths as in the variable KUBECONFIG; absent: the pod's own service account. */
  kubeconfig: string | undefined;
  namespace: string;
  agentImage: string;
  publicKeysConfigMap: string;
  routeAddress: RouteAddress;
  /** Path of the operator's YAML file. */
  podSettingsFile: string | undefined;
  agentVariables: Readonly<Record<string, string>>;
  runtimeVariables: Readonly<Record<string, string>>;
  /** Modules that every Python runtime preloads, with commas between them. */
  preload: string | undefined;
  /** The longest time that a claimed instance may live. */
  longestLifeMs: number;
  /** Log level of the agents. */
  logLevel: string;
}

const text = z.string().min(1).optional();

export const kubernetesVariables = {
  SESSIONS_NAMESPACE: text.describe('kubernetes, required: namespace of the session pods'),
  AGENT_IMAGE: text.describe('kubernetes, required: image of the session-agent'),
  PUBLIC_KEYS_CONFIG_MAP: z
    .string()
    .min(1)
    .default('steppe-public-keys')
    .describe(
      'kubernetes: ConfigMap in that namespace with control-plane.json and data-plane.json',
    ),
  ROUTE_ADDRESS: z
    .enum(['service', 'pod'], { error: 'must be service or pod' })
    .default('service')
    .describe(
      'kubernetes: what a route stores; pod makes no service for each session, for many thousands of them',
    ),
  POD_SETTINGS: text.describe(
    'kubernetes: path of a YAML file with settings of all session pods; unset: their defaults',
  ),
  KUBECONFIG: text.describe(
    'kubernetes: where the API server is; unset: the service account of the pod',
  ),
};

const required = (what: string) =>
  z.string({ error: `must be set with PROVISIONER=kubernetes: ${what}` });

/** The variables that must be set if this provisioner is configured. */
export const requiredByKubernetes = z.object({
  SESSIONS_NAMESPACE: required('the namespace in which session pods are created'),
  AGENT_IMAGE: required('the image of the session-agent, such as steppe/session-agent:0.1.0'),
});

interface Variables {
  PUBLIC_KEYS_CONFIG_MAP: string;
  ROUTE_ADDRESS: RouteAddress;
  POD_SETTINGS?: string | undefined;
  KUBECONFIG?: string | undefined;
  STEPPE_PRELOAD?: string | undefined;
  STEPPE_MAX_TIMEOUT_MS: number;
  MAX_TTL_SECONDS: number;
  LOG_LEVEL: string;
}

/** @param env the environment, of which pods get a few variables. */
export function toKubernetesConfig(
  variables: Variables,
  runtimes: RuntimesConfig,
  env: Environment,
): KubernetesConfig {
  const required = requiredByKubernetes.parse(variables);
  return {
    kind: 'kubernetes',
    ...runtimes,
    kubeconfig: variables.KUBECONFIG,
    namespace: required.SESSIONS_NAMESPACE,
    agentImage: required.AGENT_IMAGE,
    publicKeysConfigMap: variables.PUBLIC_KEYS_CONFIG_MAP,
    routeAddress: variables.ROUTE_ADDRESS,
    podSettingsFile: variables.POD_SETTINGS,
    agentVariables: pickVariables(env, agentVariableNames),
    runtimeVariables: pickVariables(env, runtimeVariableNames),
    preload: variables.STEPPE_PRELOAD,
    longestLifeMs: variables.MAX_TTL_SECONDS * 1000 + variables.STEPPE_MAX_TIMEOUT_MS,
    logLevel: variables.LOG_LEVEL,
  };
}
