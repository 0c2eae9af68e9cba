import { type InstanceId, instanceIdSchema, tenantLabel } from '@steppe/contracts/ids';
import type { InstanceOwner } from '../../session-provisioner.ts';

/** Labels that all our pods have, and by which they are listed and watched. */
export const sessionPodLabels = {
  'app.kubernetes.io/name': 'steppe-session',
  'app.kubernetes.io/managed-by': 'steppe',
} as const;

export const label = {
  /** The instance's id without `ins_`. */
  instance: 'steppe.dev/instance',
  state: 'steppe.dev/state',
  session: 'steppe.dev/session',
  /** A hash of the tenant's name. */
  tenant: 'steppe.dev/tenant',
  runtime: 'steppe.dev/runtime',
  version: 'steppe.dev/version',
} as const;

export const annotation = {
  /** `http://host:port`, which the route stores. */
  address: 'steppe.dev/address',
} as const;

/** An autoscaler that removes the pod's node would end the session. */
export const keepOnNode = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
} as const;

/** `warm`: ready, and without a session. `claimed`: ready, and a session's. */
export type PodState = 'starting' | 'warm' | 'claimed';

const idPrefix = 'ins_';
const suffixOf = (instanceId: InstanceId): string => instanceId.slice(idPrefix.length);

/** The name of an instance's pod, and of its service. */
export const podName = (instanceId: InstanceId): string => `steppe-${suffixOf(instanceId)}`;

export const instanceLabel = (instanceId: InstanceId): Record<string, string> => ({
  [label.instance]: suffixOf(instanceId),
});

/** Null for a pod that has our labels and was not created by us. */
export function readInstanceId(labels: Readonly<Record<string, string>>): InstanceId | null {
  const parsed = instanceIdSchema.safeParse(`${idPrefix}${labels[label.instance]}`);
  return parsed.success ? parsed.data : null;
}

export const ownerLabels = ({ sessionId, tenantId }: InstanceOwner): Record<string, string> => ({
  [label.session]: sessionId,
  [label.tenant]: tenantLabel(tenantId),
});
