import { delimiter } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';

/**
 * Where the API server is and who we are: the pod's own service account, or the files of the
 * variable KUBECONFIG, several of which are merged as kubectl does.
 */
export type KubeConfigSource = { from: 'service_account' } | { from: 'kubeconfig'; paths: string };

/** @throws Error if a file cannot be read, or the current context is not complete. */
export function loadKubeConfig(source: KubeConfigSource): KubeConfig {
  const config = new KubeConfig();
  if (source.from === 'service_account') config.loadFromCluster();
  else {
    for (const path of source.paths.split(delimiter).filter((part) => part !== '')) {
      const further = new KubeConfig();
      further.loadFromFile(path);
      config.mergeConfig(further, config.currentContext !== undefined);
    }
  }
  const cluster = config.getCurrentCluster();
  if (!cluster || !URL.canParse(cluster.server))
    throw new Error('the Kubernetes configuration names no API server in its current context');
  if (cluster.proxyUrl)
    throw new Error('proxy-url in the Kubernetes configuration is not supported: remove it');
  return config;
}
