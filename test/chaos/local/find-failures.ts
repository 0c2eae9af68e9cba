import type { ProxiedCluster } from '../../embedded/faults/rig/proxied-cluster.ts';
import { isUnexpected } from '../is-unexpected.ts';

/** Services that exited by themselves, and unexpected errors in their logs. */
export function findFailures({
  controlPlane,
  replicas,
}: Pick<ProxiedCluster, 'controlPlane' | 'replicas'>): string[] {
  const started = [
    { name: 'control-plane', service: controlPlane, wasKilled: false },
    ...replicas.flatMap((replica) =>
      replica.started().map((one) => ({ name: 'data-plane', ...one })),
    ),
  ];
  return started.flatMap(({ name, service, wasKilled }) => [
    ...(service.hasExited() && !wasKilled ? [`a ${name} ended by itself`] : []),
    ...service
      .log()
      .filter(isUnexpected)
      .map((line) => `a ${name} failed: ${JSON.stringify(line)}`),
  ]);
}
