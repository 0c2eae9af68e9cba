import { CoreV1Api } from '@kubernetes/client-node';
import { openOnRelease, type Release } from '../../cluster/harness/release.ts';
import { openReleaseStore } from '../../cluster/harness/release-store.ts';
import { loadAdmin } from '../../cluster/support/namespaces.ts';
import { addStarts, type StartCounts } from '../count-starts.ts';
import type { SoakCluster } from '../soak-cluster.ts';
import { killOldest, startsOf } from './control-planes.ts';
import { podInstances } from './pod-instances.ts';

const quota = 8;
const poolSizes = { python: 4, node: 1 };
/** Two control-planes that fill a pool at the same time may each fill it. */
const mostPooled = 2 * (poolSizes.python + poolSizes.node);

/** Short, so that the reconciler repairs what a kill leaves while the soak lasts. */
const values = {
  limits: { sessionsPerTenant: quota, provisioningSeconds: 60, endSeconds: 10 },
  controlPlane: {
    replicas: 2,
    env: {
      RECONCILE_INTERVAL_SECONDS: '5',
      RECONCILE_LEASE_SECONDS: '10',
      RECONCILE_GRACE_SECONDS: '3',
    },
  },
  runtimes: {
    python: { pool_size: poolSizes.python },
    node: { pool_size: poolSizes.node },
    'python-data': { enabled: false },
  },
};

/** A release with two control-planes, one of which is killed now and then. */
export const startReleaseCluster = (): Promise<SoakCluster> =>
  openOnRelease({ purpose: 'soak', values }, openCluster);

async function openCluster(release: Release): Promise<SoakCluster> {
  const { namespace, sessionsNamespace, name, url } = release;
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const table = await openReleaseStore(release);
  const dead: StartCounts[] = [];
  let restarting: Promise<unknown> | undefined;
  return {
    url,
    store: table.store,
    instances: podInstances(core, sessionsNamespace, mostPooled),
    quota,
    // Pods of the pool are not among `present`.
    warmInstances: 0,
    tokenFor: async (tenant) => (await release.clientOf(tenant)).token,
    async restartControlPlane() {
      restarting = killOldest(core, namespace, name).then((counts) => dead.push(counts));
      await restarting;
    },
    starts: async () => addStarts([...dead, ...(await startsOf(core, namespace))]),
    // Control-planes that stop leave the pods of sessions alone.
    stop: async () => void (await restarting),
    async close() {
      table.close();
      await release.uninstall();
    },
  };
}
