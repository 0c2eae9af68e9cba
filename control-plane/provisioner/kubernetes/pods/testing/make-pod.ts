import { type Pod, podSchema } from '../../api/kube-objects.ts';
import { label } from '../pod-labels.ts';

interface PodParts {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Whether its deletion has begun. */
  isDeleting?: boolean;
  /** In Kubernetes' own shape. */
  status?: object;
}

export const instanceSuffix = '01m0000000000000000000000a';
export const createdAt = '2026-11-29T12:00:00Z';

/** A pod as the API server returns it, of an instance of version v1 of `python`. */
export const makePod = ({ labels, annotations, isDeleting, status = {} }: PodParts = {}): Pod =>
  podSchema.parse({
    metadata: {
      name: `steppe-${instanceSuffix}`,
      uid: 'a-uid',
      resourceVersion: '1',
      creationTimestamp: createdAt,
      ...(isDeleting && { deletionTimestamp: createdAt }),
      labels: {
        [label.instance]: instanceSuffix,
        [label.runtime]: 'python',
        [label.version]: 'v1',
        [label.state]: 'starting',
        ...labels,
      },
      annotations: annotations ?? {},
    },
    spec: {},
    status,
  });

/** The status of a container in this state. */
export const container = (name: string, state: object, restartCount = 0) => ({
  name,
  ready: false,
  restartCount,
  state,
});

export const ready = { conditions: [{ type: 'Ready', status: 'True' }], phase: 'Running' };
