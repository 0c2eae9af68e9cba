import { runUntilStopped } from '../support/programs/run-until-stopped.ts';
import { readConfig } from './config.ts';
import { describeRun, failuresOf } from './report.ts';
import { runSoak } from './run-soak.ts';
import type { SoakCluster } from './soak-cluster.ts';
import { startLocalCluster } from './start-local-cluster.ts';

const { durationMs, where } = readConfig();

/** The client of Kubernetes is loaded only where it is needed. */
async function startCluster(): Promise<SoakCluster> {
  if (where === 'local') return startLocalCluster();
  const { startReleaseCluster } = await import('./release/start-release-cluster.ts');
  return startReleaseCluster();
}

await runUntilStopped({
  start: (options) => runSoak({ durationMs, startCluster, ...options }),
  failuresOf,
  describeRun,
});
