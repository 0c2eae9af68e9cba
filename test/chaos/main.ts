import { runUntilStopped } from '../support/programs/run-until-stopped.ts';
import { readConfig } from './config.ts';
import { describeRun, failuresOf } from './report.ts';
import { runChaos } from './run-chaos.ts';

const config = readConfig();
await runUntilStopped({
  start: (options) => runChaos({ ...config, ...options }),
  failuresOf,
  describeRun,
});
