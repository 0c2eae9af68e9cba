import { type RunningDynamoDb, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { afterAll, beforeAll, inject, type ProvidedContext } from 'vitest';
import { type ProxiedCluster, startProxiedCluster } from './proxied-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set where the services use a table that exists already. */
    table: { endpoint: string; tableName: string };
  }
}

/**
 * One cluster for all tests of a file, which must leave it healthy.
 * @param env variables of the services.
 */
export function useCluster(env: Record<string, string> = {}): () => ProxiedCluster {
  let cluster: ProxiedCluster | undefined;
  beforeAll(async () => {
    const quiet = { LOG_LEVEL: 'error', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    cluster = await startProxiedCluster({ ...quiet, ...env }, openStore);
  }, 120_000);
  afterAll(() => cluster?.close(), 60_000);
  return () => {
    if (!cluster) throw new Error('the cluster is not started yet');
    return cluster;
  };
}

/** The table that a setup has provided, which stays; else one in memory. */
async function openStore(): Promise<RunningDynamoDb> {
  const table = inject('table') as ProvidedContext['table'] | undefined;
  return table ? { ...table, close: async () => {} } : startDynalite();
}
