import { runUntilStopped } from '../support/programs/run-until-stopped.ts';
import { readConfig } from './config.ts';
import { describeRun, failuresOf } from './report.ts';
import { runSoak } from './run-soak.ts';

const config = readConfig();
await runUntilStopped({
  start: (options) => runSoak({ ...config, ...options }),
  failuresOf,
  describeRun,
});
