import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import {
  createKubeCaller,
  type KubeCaller,
} from '../provisioner/kubernetes/api/client/call-kube-api.ts';
import { createKubeConnection } from '../provisioner/kubernetes/api/client/kube-connection.ts';
import { createKubeCredentials } from '../provisioner/kubernetes/api/client/kube-credentials.ts';
import { loadKubeConfig } from '../provisioner/kubernetes/api/client/load-kube-config.ts';

interface KubeCallerParts {
  /** Files of KUBECONFIG; undefined: the service account of the pod. */
  kubeConfigPaths: string | undefined;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
}

/** Calls of any path of the API server. The caller must close it. */
export function openKubeCaller({
  kubeConfigPaths,
  clock,
  ids,
}: KubeCallerParts): KubeCaller & { close(): Promise<void> } {
  const load = () =>
    loadKubeConfig(
      kubeConfigPaths === undefined
        ? { from: 'service_account' }
        : { from: 'kubeconfig', paths: kubeConfigPaths },
    );
  const server = load().getCurrentCluster()?.server;
  if (!server) throw new Error('the Kubernetes configuration names no API server');
  const connection = createKubeConnection({ server, maxConnections: 8, connectTimeoutMs: 3_000 });
  const caller = createKubeCaller({
    connection,
    credentials: createKubeCredentials({ load, clock }),
    limits: { attemptMs: 10_000, callMs: 60_000, backoffMs: [200, 3_000] },
    clock,
    ids,
  });
  return { ...caller, close: () => connection.close() };
}
