import type { V1Container, V1EnvVar, V1VolumeMount } from '@kubernetes/client-node';
import { limits } from '@steppe/contracts/limits';
import { parseQuantity } from '../../../runtimes/quantity.ts';
import type { RuntimeDefinition } from '../../../runtimes/runtime-definition.ts';
import type { StartRequest } from '../../session-provisioner.ts';
import type { PodSettings } from '../pod-settings.ts';
import { label } from './pod-labels.ts';

export const agentContainer = 'agent';
export const runtimeContainer = 'runtime';
export const agentPort = 8070;
const probePort = 8071;

/** What all session pods of a control-plane have in common. */
export interface PodTemplate {
  agentImage: string;
  publicKeysConfigMap: string;
  settings: PodSettings;
  agentVariables: Readonly<Record<string, string>>;
  runtimeVariables: Readonly<Record<string, string>>;
  /** Modules that every Python runtime preloads, with commas between them. */
  preload: string | undefined;
  /** Log level of the agents. */
  logLevel: string;
}

/** A runtime of which pods can be created. */
export type PodRuntime = RuntimeDefinition & { image: string };

export type PodRequest = Pick<StartRequest, 'resources' | 'version' | 'owner'>;

const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

const storageRequests = { 'ephemeral-storage': '64Mi' };

/** The agent's log and its own files. */
const agentFilesBytes = 64 * 1024 * 1024;

/**
 * The disk of the agent. A pod that uses more of its node's disk than its containers' limits allow
 * is evicted: the spool and the agent's own files must not use up what the session has.
 */
export function agentStorage({ agentVariables }: PodTemplate): string {
  const spool = Number(agentVariables.STEPPE_SESSION_SPOOL_BYTES ?? limits.sessionSpoolBytes);
  return `${Math.ceil((spool + agentFilesBytes) / 1024 ** 2)}Mi`;
}

const shared: V1VolumeMount[] = [
  { name: 'run', mountPath: '/run/steppe' },
  { name: 'workspace', mountPath: '/workspace' },
];

const ownId: V1EnvVar = {
  name: 'STEPPE_INSTANCE_ID',
  value: `ins_$(STEPPE_INSTANCE)`,
};
const ownSuffix: V1EnvVar = {
  name: 'STEPPE_INSTANCE',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${label.instance}']` } },
};

const paths = { STEPPE_RUN_DIR: '/run/steppe', STEPPE_WORKSPACE: '/workspace' };

const envOf = (variables: Readonly<Record<string, string>>): V1EnvVar[] => [
  ownSuffix,
  ownId,
  ...Object.entries(variables).map(([name, value]) => ({ name, value })),
];

export function agentOf(template: PodTemplate, resources: PodRequest['resources']): V1Container {
  const { settings, agentImage, agentVariables, logLevel } = template;
  const probe = (path: string) => ({ httpGet: { path, port: probePort }, timeoutSeconds: 5 });
  return {
    name: agentContainer,
    image: agentImage,
    imagePullPolicy: settings.image_pull_policy,
    env: envOf({
      ...agentVariables,
      ...paths,
      HOST: '0.0.0.0',
      PORT: String(agentPort),
      OPERATOR_PORT: String(probePort),
      LOG_LEVEL: logLevel,
      STEPPE_KEYS_DIR: '/etc/steppe/keys',
      STEPPE_TERMINATION_FILE: '/dev/termination-log',
      STEPPE_MEMORY_BYTES: String(Math.ceil(parseQuantity(resources.memory))),
    }),
    ports: [{ name: 'agent', containerPort: agentPort }],
    resources: {
      requests: { ...storageRequests, ...settings.agent.requests },
      limits: { 'ephemeral-storage': agentStorage(template), ...settings.agent.limits },
    },
    securityContext: confined,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    // Once a second until it is ready, then rarely: a node runs a hundred of them.
    startupProbe: { ...probe('/readyz'), periodSeconds: 1, failureThreshold: 3_600 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, failureThreshold: 6 },
    volumeMounts: [
      ...shared,
      { name: 'agent-tmp', mountPath: '/tmp' },
      { name: 'spool', mountPath: '/var/spool/steppe' },
      { name: 'keys', mountPath: '/etc/steppe/keys', readOnly: true },
    ],
  };
}

export function runtimeOf(
  { settings, runtimeVariables, preload }: PodTemplate,
  runtime: PodRuntime,
  { cpu, memory, ephemeral_storage }: PodRequest['resources'],
): V1Container {
  const devices = runtime.pod?.extended_resources;
  const modules = [...(preload ? [preload] : []), ...runtime.preload].join(',');
  return {
    name: runtimeContainer,
    image: runtime.image,
    imagePullPolicy: settings.image_pull_policy,
    restartPolicy: 'Always',
    env: envOf({
      ...runtimeVariables,
      ...paths,
      ...(runtime.language === 'python' && modules && { STEPPE_PRELOAD: modules }),
    }),
    resources: {
      // A request may not be above its limit.
      requests: {
        ...atMost(
          { ...storageRequests, ...(runtime.pod?.requests ?? settings.runtime_requests) },
          {
            cpu,
            memory,
            'ephemeral-storage': ephemeral_storage,
          },
        ),
        ...devices,
      },
      limits: { cpu, memory, 'ephemeral-storage': ephemeral_storage, ...devices },
    },
    securityContext: confined,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [...shared, { name: 'runtime-tmp', mountPath: '/tmp' }],
  };
}

const atMost = (
  requests: Readonly<Record<string, string>>,
  limits: Readonly<Record<string, string>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(requests).map(([name, request]) => {
      const limit = limits[name];
      const isAbove = limit !== undefined && parseQuantity(request) > parseQuantity(limit);
      return [name, isAbove ? limit : request];
    }),
  );
