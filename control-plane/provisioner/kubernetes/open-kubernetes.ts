import { hash } from 'node:crypto';
import { instanceIdSchema } from '@steppe/contracts/ids';
import { openAll } from '@steppe/service-kit/config/load-config';
import { readRuntimes } from '../../runtimes/read-runtimes.ts';
import type { RuntimeDefinition } from '../../runtimes/runtime-definition.ts';
import { type SessionRuntime, toSessionRuntime } from '../../runtimes/session-runtime.ts';
import type { Complaints, OpenedProvisioner, ProvisionerParts } from '../opened-provisioner.ts';
import type { SessionProvisioner } from '../session-provisioner.ts';
import { createClientKubeApi } from './api/client/client-kube-api.ts';
import { type KubeConfigSource, loadKubeConfig } from './api/client/load-kube-config.ts';
import type { KubeApi } from './api/kube-api.ts';
import { createPodInformer, type PodInformer } from './api/pod-informer.ts';
import type { KubernetesConfig } from './kubernetes-config.ts';
import { createKubernetesProvisioner } from './kubernetes-provisioner.ts';
import { createPodEvents } from './pod-events.ts';
import { createPodInformerMetrics } from './pod-informer-metrics.ts';
import { readPodSettings } from './pod-settings.ts';
import type { PodRuntime, PodTemplate } from './pods/pod-containers.ts';
import { sessionPodLabels } from './pods/pod-labels.ts';
import { podManifest } from './pods/pod-manifest.ts';
import { poolGroupOf } from './pods/session-pod.ts';

/** Opens the provisioner whose instances are pods. The API server need not respond yet. */
export async function openKubernetes(
  config: KubernetesConfig,
  parts: ProvisionerParts,
): Promise<OpenedProvisioner | Complaints> {
  const read = await readRuntimes(config);
  const runtimes = 'complaints' in read ? read : requireImages(read.runtimes);
  const settings = await readPodSettings(config.podSettingsFile);
  const opened = await openAll({ KUBECONFIG: openApi(config, parts) });
  if ('complaints' in runtimes || 'complaints' in settings || 'complaints' in opened) {
    const failed = [runtimes, settings, opened].filter((result) => 'complaints' in result);
    return { complaints: failed.flatMap(({ complaints }) => complaints) };
  }
  const template: PodTemplate = { ...config, ...settings };
  const { podRuntimes } = runtimes;
  const provisioner = connectProvisioner(
    opened.KUBECONFIG,
    { config, template, podRuntimes },
    parts,
  );
  const versioned = podRuntimes.map((runtime) => withVersion(template, runtime));
  return { provisioner, runtimes: versioned, findWarnings: async () => [] };
}

export interface PodConfig {
  config: Pick<KubernetesConfig, 'routeAddress' | 'longestLifeMs'>;
  template: PodTemplate;
  podRuntimes: readonly PodRuntime[];
}

/** Connects to an API server. The provisioner closes the connection. */
export function connectProvisioner(
  api: KubeApi,
  { config, template, podRuntimes }: PodConfig,
  parts: ProvisionerParts,
): SessionProvisioner {
  return createKubernetesProvisioner({
    ...parts,
    api,
    informer: openInformer(api, parts),
    events: createPodEvents({ ...parts, api }),
    template,
    runtimes: podRuntimes,
    routeAddress: config.routeAddress,
    longestLifeMs: config.longestLifeMs,
  });
}

function requireImages(
  definitions: readonly RuntimeDefinition[],
): { podRuntimes: PodRuntime[] } | Complaints {
  const podRuntimes = definitions.flatMap(({ image, ...runtime }) =>
    image ? [{ ...runtime, image }] : [],
  );
  const complaints = definitions
    .filter(({ image }) => !image)
    .map(({ name }) => `STEPPE_RUNTIMES: ${name}.image: must be set, or the runtime be null`);
  return complaints.length > 0 ? { complaints } : { podRuntimes };
}

async function openApi(
  { kubeconfig: paths, namespace }: KubernetesConfig,
  { clock, ids }: ProvisionerParts,
): Promise<KubeApi> {
  const source: KubeConfigSource = paths
    ? { from: 'kubeconfig', paths }
    : { from: 'service_account' };
  return createClientKubeApi({ load: () => loadKubeConfig(source), namespace, clock, ids });
}

function openInformer(api: KubeApi, { registry, ...parts }: ProvisionerParts): PodInformer {
  const metrics = createPodInformerMetrics(registry, () => informer);
  const informer = createPodInformer({
    ...parts,
    api,
    labels: sessionPodLabels,
    groupOf: poolGroupOf,
    metrics,
  });
  return informer;
}

/** Runtimes of which the same pods are created have the same version. */
function withVersion(template: PodTemplate, runtime: PodRuntime): SessionRuntime {
  const request = { resources: runtime.default_resources, version: '', owner: null };
  const pod = podManifest(template, runtime, instanceIdSchema.parse('ins_0'), request);
  return toSessionRuntime(runtime, hash('sha256', JSON.stringify(pod)));
}
