import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ProxiedCluster,
  startProxiedCluster,
} from '../../embedded/faults/rig/proxied-cluster.ts';
import type { ProxiedSession } from '../../embedded/faults/rig/proxied-session.ts';
import { leakedDirectories, leakedProcesses } from '../../support/processes/instance-leaks.ts';
import type { ChaosCluster, Fault } from '../chaos-cluster.ts';
import { readRuns } from '../history/read-runs.ts';
import { type LocalFault, processFaults, storeFaults } from './faults.ts';
import { findFailures } from './find-failures.ts';
import { hostileFaults } from './hostile-faults.ts';

const serviceEnv = {
  // Routes expire fast, so that faults of DynamoDB take effect.
  ROUTE_TTL_MS: '1000',
  LOG_LEVEL: 'error',
  // Suppresses a notice of the SDK about Node versions.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** Processes of this machine, with a proxy on every path between them. */
export async function startLocalChaos(): Promise<ChaosCluster<ProxiedSession>> {
  const runsDirectory = mkdtempSync(join(tmpdir(), 'steppe-chaos-'));
  const removeRuns = () => rmSync(runsDirectory, { recursive: true, force: true });
  const cluster = await startProxiedCluster(serviceEnv).catch((error) => {
    removeRuns();
    throw error;
  });
  return {
    urls: cluster.replicas.map(({ proxy }) => proxy.url),
    sessionsAtOnce: { python: 4, node: 4 },
    faultGroups: [
      { faults: ofCluster(cluster, processFaults), pauseMs: 400 },
      { faults: ofCluster(cluster, hostileFaults), pauseMs: 300 },
      { faults: ofCluster(cluster, storeFaults), pauseMs: 1_500 },
    ],
    tokenFor: cluster.services.tokenFor,
    runsFileOf: (name) => join(runsDirectory, name),
    adopt: cluster.adopt,
    runs: () => readRuns(runsDirectory),
    failures: async () => findFailures(cluster),
    async leftovers() {
      await cluster.close();
      const { instancesDirectory } = cluster.services;
      const processes = leakedProcesses(instancesDirectory).map((pid) => `process ${pid}`);
      return [...processes, ...leakedDirectories(instancesDirectory)];
    },
    async close() {
      await cluster.close();
      removeRuns();
    },
  };
}

const ofCluster = (
  cluster: ProxiedCluster,
  faults: Readonly<Record<string, LocalFault>>,
): Record<string, Fault<ProxiedSession>> =>
  Object.fromEntries(
    Object.entries(faults).map(([kind, fault]) => [
      kind,
      (victims) => fault({ ...victims, cluster }),
    ]),
  );
