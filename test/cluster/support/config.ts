/** The files that name the cluster and its administrator. */
export function kubeconfig(): string {
  const paths = process.env.KUBECONFIG;
  if (!paths) throw new Error('KUBECONFIG is not set: run this under tools/cluster/cluster exec');
  return paths;
}

/** True for a cluster that somebody else started: KUBECONFIG names it, and kubectl is on the path. */
export const isExistingCluster = (): boolean => process.env.CLUSTER === 'existing';

/** The registry that the cluster has the images of this version from. */
export const imageRegistry = (): string => process.env.REGISTRY || 'localhost';
