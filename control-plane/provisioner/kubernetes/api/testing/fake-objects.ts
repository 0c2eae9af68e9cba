import type { Pod } from '../kube-objects.ts';

/** A pod as the API server's JSON has it, or as it is parsed: only what differs from a default. */
export const fakePod = (
  name: string,
  resourceVersion: string,
  labels: Record<string, string> = {},
): Pod => ({
  metadata: {
    name,
    uid: `uid-of-${name}`,
    resourceVersion,
    creationTimestamp: '2026-01-02T03:04:05Z',
    labels,
    annotations: {},
  },
  spec: {},
  status: {
    phase: 'Pending',
    conditions: [],
    initContainerStatuses: [],
    containerStatuses: [],
  },
});

export const fakePodList = (resourceVersion: string, ...items: Pod[]) => ({
  kind: 'PodList',
  metadata: { resourceVersion },
  items,
});

export const fakeStatus = (code: number, reason: string, message = reason, details = {}) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
  details,
});
