import { runUntilStopped } from '../support/programs/run-until-stopped.ts';
import { readConfig } from './config.ts';
import { startLocalChaos } from './local/start-local-chaos.ts';
import { describeRun, failuresOf } from './report.ts';
import { runChaos } from './run-chaos.ts';

const { where, ...config } = readConfig();

await runUntilStopped({
  async start(options) {
    const run = { ...config, ...options };
    if (where === 'local') return runChaos({ ...run, startCluster: startLocalChaos });
    // The client of Kubernetes is loaded only where it is needed.
    const { startReleaseChaos } = await import('./release/start-release-chaos.ts');
    return runChaos({ ...run, startCluster: startReleaseChaos });
  },
  failuresOf,
  describeRun,
});
