import { randomBytes } from 'node:crypto';
import type { Plane } from '@steppe/contracts/internal';
import type { JWK } from 'jose';
import type { TestProject } from 'vitest/node';
import { makePlaneKey } from '../../conformance/harness/plane-keys.ts';
import { kubectl, kubectlOrThrow } from '../harness/commands.ts';
import { publicKeysConfigMap } from '../support/session-namespace.ts';

/** Where agents are started in pods, and the planes' keys that those agents trust. */
export interface SessionPods {
  namespace: string;
  keys: Record<Plane, JWK>;
}

declare module 'vitest' {
  interface ProvidedContext {
    sessionPods: SessionPods;
  }
}

/** A namespace for session pods, whose agents trust keys that the tests hold. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [control, data] = await Promise.all([
    makePlaneKey('control-plane'),
    makePlaneKey('data-plane'),
  ]);
  const namespace = `t-conformance-${randomBytes(4).toString('hex')}`;
  const publicKeys = { 'control-plane': control.publicSet, 'data-plane': data.publicSet };
  const manifests = sessionNamespaceManifests(namespace, publicKeys);
  for (const manifest of manifests)
    await kubectlOrThrow(['create', '--filename', '-'], JSON.stringify(manifest));
  const account = ['wait', '--for=create', 'serviceaccount/default', '--timeout=30s'];
  await kubectlOrThrow(['--namespace', namespace, ...account]);
  project.provide('sessionPods', {
    namespace,
    keys: { 'control-plane': control.privateJwk, 'data-plane': data.privateJwk },
  });
  return async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  };
}

/** A namespace as the chart makes it for session pods. */
const sessionNamespaceManifests = (namespace: string, publicKeys: Record<Plane, object>) => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap, namespace },
    data: Object.fromEntries(
      Object.entries(publicKeys).map(([plane, keys]) => [`${plane}.json`, JSON.stringify(keys)]),
    ),
  },
];
