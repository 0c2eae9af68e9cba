import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import type { PodManifest, ServiceManifest } from '../kube-manifests.ts';

/** A label value, and a part of a name, that no other test has. */
export const newSuffix = (): string => newInstanceId().slice('ins_'.length).toLowerCase();

/** A pod that no node takes, so that nothing changes it. */
export const pendingPod = (
  labels: Record<string, string> = {},
  name = `steppe-${newSuffix()}`,
): PodManifest => ({
  metadata: { name, labels },
  spec: {
    nodeSelector: { 'steppe.dev/no-such-node': 'true' },
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: 'localhost/none:1' }],
  },
});

export const serviceFor = (suffix: string): ServiceManifest => ({
  metadata: { name: `steppe-${suffix}`, labels: { 'steppe.dev/instance': suffix } },
  spec: { selector: { 'steppe.dev/instance': suffix }, ports: [{ name: 'agent', port: 8070 }] },
});
