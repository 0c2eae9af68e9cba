import { kubectlOrThrow, kubectlRead } from '../../harness/commands.ts';
import type { Release } from '../../harness/release.ts';
import { createNamespace } from '../../support/namespaces.ts';
import { fromNodePod, type Probe } from './probes.ts';

interface OpenPod {
  probe: Probe;
  delete(): Promise<void>;
}

const name = 'open';
const labels = {
  'app.kubernetes.io/name': 'steppe',
  'app.kubernetes.io/instance': 'steppe',
  'app.kubernetes.io/component': 'data-plane',
};

/**
 * A pod that no policy selects, in a namespace of its own, with the labels of the data-plane: policies
 * that look at those alone would let it in.
 */
export async function createOpenPod(release: Release): Promise<OpenPod> {
  const deployment = ['deployment', `${release.name}-data-plane`];
  const imagePath = '{.spec.template.spec.containers[0].image}';
  const image = await kubectlRead(release.namespace, deployment, imagePath);
  const namespace = await createNamespace('open');
  const container = {
    name,
    image,
    command: ['sleep', 'infinity'],
    imagePullPolicy: 'IfNotPresent',
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: namespace.name, labels },
    spec: { containers: [container], terminationGracePeriodSeconds: 0 },
  };
  await kubectlOrThrow(['create', '--filename', '-'], JSON.stringify(pod));
  const ready = ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s'];
  await kubectlOrThrow(['--namespace', namespace.name, ...ready]);
  return { probe: fromNodePod(namespace.name, name), delete: () => namespace.delete() };
}
