import type { V1PodSpec } from '@kubernetes/client-node';
import type { InstanceId } from '@steppe/contracts/ids';
import type { PodManifest, ServiceManifest } from '../api/kube-manifests.ts';
import type { Pod } from '../api/kube-objects.ts';
import type { PodSettings } from '../pod-settings.ts';
import {
  agentOf,
  agentPort,
  agentStorage,
  type PodRequest,
  type PodRuntime,
  type PodTemplate,
  runtimeOf,
} from './pod-containers.ts';
import {
  instanceLabel,
  keepOnNode,
  label,
  ownerLabels,
  podName,
  sessionPodLabels,
} from './pod-labels.ts';

/** Both containers run as this user and group; the images have it. */
const user = 10_001;
/** The agent has to end on SIGTERM at once when nothing runs. */
const graceSeconds = 2;
/** How long a pod stays on a node that does not respond. */
const lostNodeSeconds = 60;

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
        { name: 'spool', emptyDir: { sizeLimit: agentStorage(template) } },
        { name: 'keys', configMap: { name: template.publicKeysConfigMap } },
      ],
    },
  };
}

/** The service of an instance, which Kubernetes deletes with its pod. */
export const serviceManifest = (instanceId: InstanceId, { metadata }: Pod): ServiceManifest => ({
  metadata: {
    name: podName(instanceId),
    labels: { ...sessionPodLabels, ...instanceLabel(instanceId) },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid }],
  },
  spec: {
    type: 'ClusterIP',
    selector: { ...sessionPodLabels, ...instanceLabel(instanceId) },
    ports: [{ name: 'agent', port: agentPort, targetPort: agentPort, protocol: 'TCP' }],
    // A route stays as long as its agent responds, whatever the probes say.
    publishNotReadyAddresses: true,
  },
});

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
