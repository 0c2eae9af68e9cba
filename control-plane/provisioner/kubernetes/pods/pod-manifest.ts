import type { V1Container, V1EnvVar, V1PodSpec, V1VolumeMount } from '@kubernetes/client-node';
import type { InstanceId } from '@steppe/contracts/ids';
import { parseQuantity } from '../../../runtimes/quantity.ts';
import type { RuntimeDefinition } from '../../../runtimes/runtime-definition.ts';
import type { StartRequest } from '../../session-provisioner.ts';
import type { PodManifest } from '../api/kube-manifests.ts';
import type { PodSettings } from '../pod-settings.ts';
import {
  instanceLabel,
  keepOnNode,
  label,
  ownerLabels,
  podName,
  sessionPodLabels,
} from './pod-labels.ts';

export const agentContainer = 'agent';
export const runtimeContainer = 'runtime';
export const agentPort = 8070;
const probePort = 8071;
/** Both containers run as this user and group; the images have it. */
const user = 10_001;
/** The agent has to end on SIGTERM at once when nothing runs. */
const graceSeconds = 2;
/** How long a pod stays on a node that does not respond. */
const lostNodeSeconds = 60;

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

type PodRequest = Pick<StartRequest, 'resources' | 'version' | 'owner'>;

/** The pod of an instance; it is warm or claimed once its labels say so. */
export function podManifest(
  template: PodTemplate,
  runtime: PodRuntime,
  instanceId: InstanceId,
  { resources, version, owner }: PodRequest,
): PodManifest {
  const { settings } = template;
  return {
    metadata: {
      name: podName(instanceId),
      labels: {
        ...settings.labels,
        ...runtime.pod?.pod_labels,
        ...sessionPodLabels,
        ...instanceLabel(instanceId),
        ...(owner && ownerLabels(owner)),
        [label.state]: 'starting',
        [label.runtime]: runtime.name,
        [label.version]: version,
      },
      annotations: {
        ...settings.annotations,
        ...runtime.pod?.pod_annotations,
        ...(owner && keepOnNode),
      },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: graceSeconds,
      ...dnsOf(settings),
      ...placementOf(settings, runtime),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: settings.seccomp_profile,
      },
      // A sidecar that Kubernetes restarts, so that the agent survives the death of its runtime.
      initContainers: [runtimeOf(template, runtime, resources)],
      containers: [agentOf(template, resources)],
      volumes: [
        { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
        { name: 'workspace', emptyDir: { sizeLimit: resources.ephemeral_storage } },
        { name: 'agent-tmp', emptyDir: { sizeLimit: '256Mi' } },
        { name: 'runtime-tmp', emptyDir: { sizeLimit: resources.ephemeral_storage } },
        { name: 'spool', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'keys', configMap: { name: template.publicKeysConfigMap } },
      ],
    },
  };
}

const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * A pod that uses more of its node's disk than its containers' limits allow is evicted: the spool
 * and the agent's own files must not use up what the session has.
 */
const storage = {
  requests: { 'ephemeral-storage': '64Mi' },
  limits: { 'ephemeral-storage': '2Gi' },
};

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

function agentOf(template: PodTemplate, resources: PodRequest['resources']): V1Container {
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
      requests: { ...storage.requests, ...settings.agent.requests },
      limits: { ...storage.limits, ...settings.agent.limits },
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

function runtimeOf(
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
          { ...storage.requests, ...(runtime.pod?.requests ?? settings.runtime_requests) },
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

/** Without resolvers, a look-up fails at once instead of after its time limit. */
const dnsOf = ({ dns }: PodSettings): Pick<V1PodSpec, 'dnsPolicy' | 'dnsConfig'> => ({
  dnsPolicy: 'None',
  dnsConfig: { nameservers: dns.nameservers.length > 0 ? dns.nameservers : ['127.0.0.1'] },
});

function placementOf(settings: PodSettings, { pod }: PodRuntime): Partial<V1PodSpec> {
  const runtimeClassName = pod?.runtime_class ?? settings.runtime_class;
  return {
    nodeSelector: { ...settings.node_selector, ...pod?.node_selector },
    tolerations: [
      ...['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: lostNodeSeconds,
      })),
      ...settings.tolerations,
      ...(pod?.tolerations ?? []),
    ].map(defined),
    imagePullSecrets: settings.image_pull_secrets.map((name) => ({ name })),
    ...(settings.affinity && { affinity: settings.affinity }),
    ...(settings.priority_class && { priorityClassName: settings.priority_class }),
    ...(runtimeClassName && { runtimeClassName }),
  };
}

/** Without the fields that are undefined. */
const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  // Every value that is left is defined.
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
