import type { InstanceId } from '@steppe/contracts/ids';
import type { ServiceManifest } from '../api/kube-manifests.ts';
import type { Pod } from '../api/kube-objects.ts';
import { instanceLabel, podName, sessionPodLabels } from './pod-labels.ts';
import { agentPort } from './pod-manifest.ts';

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
