import { kubectlRead } from '../../harness/commands.ts';
import type { Release } from '../../harness/release.ts';
import type { Targets } from './probes.ts';

/** A port on which user code listens. */
export const userPort = 9000;

/** What a session must never reach, whatever its egress. */
export async function clusterTargets({ namespace, name }: Release): Promise<Targets> {
  const addressOf = (component: string) =>
    kubectlRead(
      namespace,
      ['pod', '--selector', `app.kubernetes.io/component=${component}`],
      '{.items[0].status.podIP}',
    );
  const [dataPlane, controlPlane, localStore] = await Promise.all(
    ['data-plane', 'control-plane', 'local-store'].map(addressOf),
  );
  const service = ['service', `${name}-data-plane`];
  const serviceAddress = await kubectlRead(namespace, service, '{.spec.clusterIP}');
  return {
    'data-plane': `${dataPlane}:8080`,
    "data-plane's service": `${serviceAddress}:8080`,
    "data-plane's metrics": `${dataPlane}:9090`,
    'control-plane': `${controlPlane}:8081`,
    "control-plane's metrics": `${controlPlane}:9091`,
    'local store': `${localStore}:8000`,
    ...(await nodeTargets()),
  };
}

async function nodeTargets(): Promise<Targets> {
  const [apiServer, endpoint, node] = await Promise.all([
    kubectlRead('default', ['service', 'kubernetes'], '{.spec.clusterIP}'),
    kubectlRead('default', ['endpoints', 'kubernetes'], endpointPath),
    kubectlRead('default', ['nodes'], nodeAddressPath),
  ]);
  return {
    'API server': `${apiServer}:443`,
    "API server's node": endpoint,
    kubelet: `${node}:10250`,
  };
}
const endpointPath = '{.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}';
const nodeAddressPath = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';

/** The ports of a session's pod; user code listens on the last. */
export async function sessionTargets(
  { sessionsNamespace }: Release,
  instanceId: string,
): Promise<Targets> {
  const name = instanceId.replace('ins_', 'steppe-');
  const [pod, service] = await Promise.all([
    kubectlRead(sessionsNamespace, ['pod', name], '{.status.podIP}'),
    kubectlRead(sessionsNamespace, ['service', name], '{.spec.clusterIP}'),
  ]);
  return {
    'agent of a session': `${pod}:8070`,
    'service of a session': `${service}:8070`,
    'probes of a session': `${pod}:8071`,
    'user code of a session': `${pod}:${userPort}`,
  };
}

/** The port of the cluster's resolver. */
export async function resolverTarget(): Promise<Targets> {
  const address = await kubectlRead('kube-system', ['service', 'kube-dns'], '{.spec.clusterIP}');
  return { resolver: `${address}:53` };
}
