/** The files that name the cluster and its administrator. */
export function kubeconfig(): string {
  const paths = process.env.KUBECONFIG;
  if (!paths) throw new Error('KUBECONFIG is not set: run this under tools/cluster/cluster exec');
  return paths;
}
