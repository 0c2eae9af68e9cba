import { createHash } from 'node:crypto';
import { createIds, type TenantId, tenantIdSchema } from '@steppe/contracts/ids';
import {
  type ReadyRecord,
  type SessionRecord,
  sessionRecordSchema,
} from '@steppe/contracts/session-record';
import type { PodManifest } from '@steppe/control-plane/provisioner/kubernetes/api/kube-manifests';
import { defaultPodSettings } from '@steppe/control-plane/provisioner/kubernetes/pod-settings';
import type { PodTemplate } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import { annotation, label } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { podManifest } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-manifest';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { images } from '../../support/config.ts';
import { publicKeysConfigMap } from '../../support/session-namespace.ts';

/** Sessions that began an hour ago and have a day left. */
const ageMs = 3_600_000;
const lifeMs = 86_400_000;
const sessionsPerTenant = 50;

const ids = createIds({ now: () => Date.now() - ageMs });
const python = findRuntime(builtInRuntimes(0), 'python');
const at = (offsetMs: number) => new Date(Date.now() - ageMs + offsetMs).toISOString();

/** A tenant for every fifty sessions, as the default quota allows. */
export const tenantOf = (group: string, index: number): TenantId =>
  tenantIdSchema.parse(`${group}-${Math.floor(index / sessionsPerTenant)}`);

const baseOf = (tenantId: TenantId) => ({
  session_id: ids.sessionId(),
  tenant_id: tenantId,
  version: 2,
  runtime: python.name,
  created_at: at(0),
  expires_at: at(ageMs + lifeMs),
  idle_timeout_seconds: lifeMs / 1000,
  metadata: { purpose: 'scale' },
  resources: python.default_resources,
  instance_id: ids.instanceId(),
  ready_at: at(1_000),
});

export const readySession = (tenantId: TenantId): ReadyRecord => ({
  ...baseOf(tenantId),
  state: 'ready',
  address: 'http://10.64.0.1:8070',
});

export const endedSession = (tenantId: TenantId): SessionRecord =>
  sessionRecordSchema.parse({
    ...baseOf(tenantId),
    state: 'ended',
    end_reason: 'deleted',
    ended_at: at(2_000),
    purge_at: Math.floor((Date.now() + lifeMs) / 1000),
  });

const template: PodTemplate = {
  agentImage: images().agent,
  publicKeysConfigMap,
  settings: defaultPodSettings,
  agentVariables: {},
  runtimeVariables: {},
  preload: undefined,
  logLevel: 'info',
};
const runtime = { ...python, image: images().python };
const version = createHash('sha256').update('simulated').digest('hex').slice(0, 12);

/** The pod of a session as the provisioner leaves it after a create, on a simulated node. */
export function claimedPod(session: ReadyRecord, nodeName: string): PodManifest {
  const { session_id: sessionId, tenant_id: tenantId, resources, instance_id, address } = session;
  const owner = { sessionId, tenantId };
  const { metadata, spec } = podManifest(template, runtime, instance_id, {
    resources,
    version,
    owner,
  });
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [label.state]: 'claimed' },
      annotations: { ...metadata.annotations, [annotation.address]: address },
    },
    spec: { ...spec, nodeName },
  };
}
