import { type InstanceId, type SessionId, sessionIdSchema } from '@steppe/contracts/ids';
import type { ListedInstance } from '../../session-provisioner.ts';
import type { Pod } from '../api/kube-objects.ts';
import { annotation, label, readInstanceId } from './pod-labels.ts';
import { readEnd } from './read-end.ts';

/** A pod as the provisioner sees it. */
export interface SessionPod {
  instanceId: InstanceId;
  runtime: string;
  version: string;
  sessionId?: SessionId;
  state: 'starting' | 'warm' | 'claimed';
  /** Absent until the pod is ready. */
  address?: string;
  createdAtMs: number;
}

/** Null for a pod that was not created by us. */
export function readSessionPod({ metadata }: Pod): SessionPod | null {
  const { labels, annotations, creationTimestamp } = metadata;
  const instanceId = readInstanceId(labels);
  const { [label.runtime]: runtime, [label.version]: version, [label.state]: state } = labels;
  if (!instanceId || !runtime || !version) return null;
  const session = sessionIdSchema.safeParse(labels[label.session]);
  const address = annotations[annotation.address];
  return {
    instanceId,
    runtime,
    version,
    ...(session.success && { sessionId: session.data }),
    state: state === 'warm' || state === 'claimed' ? state : 'starting',
    ...(address && { address }),
    createdAtMs: Date.parse(creationTimestamp),
  };
}

/** Empty for an instance that has ended, or that is being retired. */
export function toListed(pod: Pod): ListedInstance[] {
  const read = readSessionPod(pod);
  if (!read || readEnd(pod) !== null) return [];
  const { instanceId, runtime, version, sessionId, state, address, createdAtMs } = read;
  const base = { instanceId, runtime, version, createdAtMs };
  if (state === 'starting' || !address)
    return [{ ...base, state: 'starting', ...(sessionId && { sessionId }) }];
  if (state === 'claimed' && sessionId) return [{ ...base, state, address, sessionId }];
  return isDeleting(pod) ? [] : [{ ...base, state: 'warm', address }];
}

export const isDeleting = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

export const isReady = ({ status }: Pod): boolean =>
  status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');

/** Whether no session has the pod, as far as its labels say. */
export const isUnclaimed = ({ metadata }: Pod): boolean =>
  metadata.labels[label.state] !== 'claimed';

/** Whether a claim may take the pod as it is. */
export const isClaimable = (pod: Pod): boolean =>
  pod.metadata.labels[label.state] === 'warm' &&
  isReady(pod) &&
  !isDeleting(pod) &&
  readEnd(pod) === null;

/** The group of the pods that a pool counts; null for those that no pool counts. */
export function poolGroupOf(pod: Pod): string | null {
  const { [label.runtime]: runtime = '', [label.version]: version = '' } = pod.metadata.labels;
  if (isClaimable(pod)) return poolGroup('warm', runtime, version);
  const isStarting = pod.metadata.labels[label.state] === 'starting';
  const isPooled = isStarting && pod.metadata.labels[label.session] === undefined;
  if (!isPooled || isDeleting(pod) || readEnd(pod) !== null) return null;
  return poolGroup('starting', runtime, version);
}

export const poolGroup = (state: 'warm' | 'starting', runtime: string, version: string): string =>
  `${state} ${runtime} ${version}`;
