import { newInstanceId, newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import { expect, it } from 'vitest';
import { builtInRuntimes } from '../../../runtimes/built-in-runtimes.ts';
import { findRuntime } from '../../../runtimes/find-runtime.ts';
import { defaultPodSettings, type PodSettings } from '../pod-settings.ts';
import type { PodRuntime, PodTemplate } from './pod-containers.ts';
import { label } from './pod-labels.ts';
import { podManifest, serviceManifest } from './pod-manifest.ts';
import { makePod } from './testing/make-pod.ts';

const python: PodRuntime = {
  ...findRuntime(builtInRuntimes(0), 'python'),
  image: 'steppe/runtime-python:1',
};
const instanceId = newInstanceId();
const request = { resources: python.default_resources, version: 'v1', owner: null };
const templateOf = (settings: Partial<PodSettings> = {}): PodTemplate => ({
  agentImage: 'steppe/session-agent:1',
  publicKeysConfigMap: 'keys',
  settings: { ...defaultPodSettings, ...settings },
  agentVariables: { STEPPE_MAX_CODE_BYTES: '1000' },
  runtimeVariables: { STEPPE_FIGURE_FORMAT: 'svg' },
  preload: 'json',
  logLevel: 'info',
});
const podOf = (
  settings?: Partial<PodSettings>,
  runtime: Partial<PodRuntime> = {},
  given: Partial<Parameters<typeof podManifest>[3]> = {},
) => {
  const pod = podManifest(templateOf(settings), { ...python, ...runtime }, instanceId, {
    ...request,
    ...given,
  });
  const [agent, sidecar] = [pod.spec.containers[0], pod.spec.initContainers?.[0]];
  if (!agent || !sidecar) throw new Error('a pod has an agent and a runtime');
  return { ...pod, agent, sidecar };
};
const variableOf = ({ env }: { env?: { name: string; value?: string }[] }, name: string) =>
  env?.find((variable) => variable.name === name)?.value;

it('names the pod and its service by the instance, and selects it by its label', () => {
  const { metadata } = podOf();
  const suffix = instanceId.slice('ins_'.length);
  expect(metadata.name).toBe(`steppe-${suffix}`);
  expect(metadata.labels).toMatchObject({ [label.instance]: suffix, [label.state]: 'starting' });
  const service = serviceManifest(instanceId, makePod());
  expect(service.metadata.name).toBe(metadata.name);
  expect(service.spec.selector).toMatchObject({ [label.instance]: suffix });
  expect(service.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', uid: 'a-uid' }]);
  expect(service.spec.publishNotReadyAddresses).toBe(true);
});

it('labels the pod with its session and a hash of its tenant', () => {
  const owner = { sessionId: newSessionId(), tenantId: newTenantId() };
  const { metadata } = podOf({}, {}, { owner });
  expect(metadata.labels?.[label.session]).toBe(owner.sessionId);
  expect(metadata.labels?.[label.tenant]).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(metadata)).not.toContain(owner.tenantId);
});

it('gives no privilege, no token and no secret to a pod', () => {
  const { spec, agent, sidecar } = podOf();
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  for (const { securityContext } of [agent, sidecar])
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  expect(spec.volumes?.some(({ secret, hostPath }) => secret || hostPath)).toBe(false);
});

it('hides the spool, the keys and the agent’s own files from the runtime', () => {
  const { agent, sidecar } = podOf();
  const mounts = ({ volumeMounts }: typeof agent) => volumeMounts?.map(({ name }) => name);
  expect(mounts(sidecar)).toEqual(['run', 'workspace', 'runtime-tmp']);
  expect(mounts(agent)).toEqual(['run', 'workspace', 'agent-tmp', 'spool', 'keys']);
});

it('passes each container its own variables', () => {
  const { agent, sidecar } = podOf({}, { preload: ['numpy'] });
  expect(variableOf(agent, 'STEPPE_MEMORY_BYTES')).toBe(String(512 * 1024 ** 2));
  expect(variableOf(agent, 'STEPPE_MAX_CODE_BYTES')).toBe('1000');
  expect(variableOf(sidecar, 'STEPPE_PRELOAD')).toBe('json,numpy');
  expect(variableOf(sidecar, 'STEPPE_FIGURE_FORMAT')).toBe('svg');
  expect(variableOf(sidecar, 'STEPPE_KEYS_DIR')).toBeUndefined();
});

it('makes the resources of a session its limits, and requests what the operator says', () => {
  const resources = { cpu: '10m', memory: '64Mi', ephemeral_storage: '2Gi' };
  const { sidecar, agent } = podOf({}, {}, { resources });
  expect(sidecar.resources?.limits).toEqual({
    cpu: '10m',
    memory: '64Mi',
    'ephemeral-storage': '2Gi',
  });
  // The defaults, where they are not above the limits.
  expect(sidecar.resources?.requests).toMatchObject({ cpu: '10m', memory: '64Mi' });
  expect(agent.resources?.limits).toMatchObject({ memory: '256Mi' });
});

it('limits the agent’s disk to the session’s spool and 64 MiB', () => {
  const { spec, agent } = podOf();
  expect(agent.resources?.limits).toMatchObject({ 'ephemeral-storage': '1088Mi' });
  const spool = spec.volumes?.find(({ name }) => name === 'spool');
  expect(spool?.emptyDir).toEqual({ sizeLimit: '1088Mi' });
  const agentVariables = { STEPPE_SESSION_SPOOL_BYTES: String(100 * 1024 ** 2) };
  const small = podManifest({ ...templateOf(), agentVariables }, python, instanceId, request);
  expect(small.spec.containers[0]?.resources?.limits).toMatchObject({
    'ephemeral-storage': '164Mi',
  });
});

it('places a pod as its runtime says, or else by the settings of all pods', () => {
  const pod = {
    runtime_class: 'kata',
    node_selector: { gpu: 'yes' },
    tolerations: [{ key: 'gpu', operator: 'Exists' as const }],
    requests: { cpu: '1' },
    extended_resources: { 'nvidia.com/gpu': '1' },
    pod_labels: { team: 'ml', [label.state]: 'warm' },
  };
  const settings = { runtime_class: 'gvisor', node_selector: { pool: 'sessions' } };
  const { spec, sidecar, metadata } = podOf(settings, { pod });
  expect(spec.runtimeClassName).toBe('kata');
  expect(spec.nodeSelector).toEqual({ pool: 'sessions', gpu: 'yes' });
  expect(spec.tolerations?.map(({ key }) => key)).toEqual([
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/unreachable',
    'gpu',
  ]);
  expect(sidecar.resources?.requests).toMatchObject({ cpu: '1', 'nvidia.com/gpu': '1' });
  expect(sidecar.resources?.limits).toMatchObject({ 'nvidia.com/gpu': '1' });
  // Labels of ours cannot be replaced.
  expect(metadata.labels).toMatchObject({ team: 'ml', [label.state]: 'starting' });
  expect(podOf(settings).spec.runtimeClassName).toBe('gvisor');
});

it('resolves no name unless the operator names resolvers', () => {
  const nameserversOf = (settings: Partial<PodSettings>) => {
    const { dnsPolicy, dnsConfig } = podOf(settings).spec;
    return [dnsPolicy, dnsConfig?.nameservers];
  };
  expect(nameserversOf({})).toEqual(['None', ['127.0.0.1']]);
  expect(nameserversOf({ dns: { nameservers: ['10.0.0.10'] } })).toEqual(['None', ['10.0.0.10']]);
});
