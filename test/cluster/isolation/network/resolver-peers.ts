import { z } from 'zod';
import { kubectlRead } from '../../harness/commands.ts';

const endpointsSchema = z.array(z.object({ addresses: z.array(z.string()) }));

/** The addresses behind the service of the cluster's resolver, as peers of a network policy. */
export async function resolverPeers(): Promise<object[]> {
  const slices = ['endpointslices', '--selector', 'kubernetes.io/service-name=kube-dns'];
  const endpoints = await kubectlRead('kube-system', slices, '{.items[0].endpoints}');
  return endpointsSchema
    .parse(JSON.parse(endpoints))
    .flatMap(({ addresses }) =>
      addresses.map((address) => ({ ipBlock: { cidr: `${address}/32` } })),
    );
}
