// Types alone, without the library's code: Kubernetes' own description of what a pod may say.
import type { V1PodSpec, V1ServiceSpec } from '@kubernetes/client-node';

interface ManifestMetadata {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Objects as we send them. The namespace is the API's own. */
export interface PodManifest {
  metadata: ManifestMetadata;
  spec: V1PodSpec;
}

export interface ServiceManifest {
  metadata: ManifestMetadata & {
    /** Kubernetes deletes the service after its owner. */
    ownerReferences?: {
      apiVersion: 'v1';
      kind: 'Pod';
      name: string;
      uid: string;
      controller?: boolean;
      blockOwnerDeletion?: boolean;
    }[];
  };
  spec: V1ServiceSpec;
}

/** A JSON merge patch of a pod: null removes a label or an annotation. */
export interface PodPatch {
  metadata?: {
    labels?: Record<string, string | null>;
    annotations?: Record<string, string | null>;
  };
  spec?: { activeDeadlineSeconds?: number };
}

/** An event of the core group, which `kubectl describe pod` and `kubectl get events` show. */
export interface EventManifest {
  metadata: ManifestMetadata;
  involvedObject: { apiVersion: 'v1'; kind: 'Pod'; name: string; uid?: string; namespace?: string };
  type: 'Normal' | 'Warning';
  /** One CamelCase word, from a bounded set. */
  reason: string;
  message: string;
  /** RFC 3339, in whole seconds. */
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
  source: { component: string };
  reportingComponent?: string;
  reportingInstance?: string;
}

/** A repeated event counts up, instead of a new one each time. */
export interface EventPatch {
  count: number;
  lastTimestamp: string;
  message?: string;
}
