import { afterAll, beforeAll } from 'vitest';
import { type ProxiedCluster, startProxiedCluster } from './proxied-cluster.ts';

/**
 * One cluster for all tests of a file, which must leave it healthy.
 * @param env variables of the services.
 */
export function useCluster(env: Record<string, string> = {}): () => ProxiedCluster {
  let cluster: ProxiedCluster | undefined;
  beforeAll(async () => {
    const quiet = { LOG_LEVEL: 'error', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    cluster = await startProxiedCluster({ ...quiet, ...env });
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);
  return () => {
    if (!cluster) throw new Error('the cluster is not started yet');
    return cluster;
  };
}
