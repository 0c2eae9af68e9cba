import { CoreV1Api } from '@kubernetes/client-node';
import { openOnRelease, type Release } from '../../cluster/harness/release.ts';
import { openReleaseStore } from '../../cluster/harness/release-store.ts';
import { loadAdmin } from '../../cluster/support/namespaces.ts';
import { podInstances } from '../../soak/release/pod-instances.ts';
import type { ChaosCluster } from '../chaos-cluster.ts';
import { createClusterFaults } from './cluster-faults.ts';
import { findLeftovers } from './find-leftovers.ts';
import { createPlanePods, type PlanePods } from './plane-pods.ts';
import { adoptPodSession, type PodSession, runsFile } from './pod-session.ts';
import { sessionFaults } from './session-faults.ts';

const poolSize = 3;
const reconciler = {
  RECONCILE_INTERVAL_SECONDS: '5',
  RECONCILE_LEASE_SECONDS: '10',
  RECONCILE_GRACE_SECONDS: '3',
};
/** Little memory, so that a step that exhausts it ends soon. */
const runtime = { pool_size: poolSize, default_resources: { memory: '128Mi' } };
const values = {
  limits: { sessionsPerTenant: 200, provisioningSeconds: 60, endSeconds: 10 },
  controlPlane: { replicas: 2, env: { LOG_LEVEL: 'error', ...reconciler } },
  // Routes expire fast, so that faults of the store take effect.
  dataPlane: { replicas: 2, env: { LOG_LEVEL: 'error', ROUTE_TTL_MS: '1000' } },
  runtimes: { python: runtime, node: runtime, 'python-data': { enabled: false } },
};

/** A release with two replicas of each plane, in the cluster that tools/cluster runs here. */
export const startReleaseChaos = (): Promise<ChaosCluster<PodSession>> =>
  openOnRelease({ purpose: 'chaos', values }, openCluster);

async function openCluster(release: Release): Promise<ChaosCluster<PodSession>> {
  const core = loadAdmin().makeApiClient(CoreV1Api);
  const { namespace, sessionsNamespace } = release;
  const table = await openReleaseStore(release);
  const planes: PlanePods = createPlanePods(core, namespace);
  const { planeFaults, clusterFaults } = createClusterFaults(planes);
  const adopted: PodSession[] = [];
  const uninstall = async () => {
    table.close();
    for (const session of adopted) session.closeRuns();
    await release.uninstall();
  };
  let closing: Promise<void> | undefined;
  return {
    urls: [release.url],
    sessionsAtOnce: { python: 3, node: 3 },
    faultGroups: [
      { faults: sessionFaults(core, sessionsNamespace), pauseMs: 1_500 },
      { faults: planeFaults, pauseMs: 4_000 },
      { faults: clusterFaults, pauseMs: 8_000 },
    ],
    tokenFor: async (tenant) => (await release.clientOf(tenant)).token,
    runsFileOf: () => runsFile,
    async adopt(session) {
      const pod = adoptPodSession(session);
      adopted.push(pod);
      return pod;
    },
    runs: () => adopted.flatMap((session) => session.readRuns()),
    failures: () => planes.failures(),
    async leftovers() {
      // Several control-planes that fill a pool at the same time may each fill it.
      const instances = podInstances(core, sessionsNamespace, 2 * 2 * poolSize);
      return findLeftovers(await release.clientOf('chaos'), table.store, instances);
    },
    close() {
      closing ??= uninstall();
      return closing;
    },
  };
}
