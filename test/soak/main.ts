import { readConfig } from './config.ts';
import { describeRun, failuresOf } from './report.ts';
import { runSoak } from './run-soak.ts';

const config = readConfig();
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort());
const say = (line: string) => void process.stderr.write(`${line}\n`);

const run = await runSoak({ ...config, stop: stopped.signal, say }).catch((error: unknown) => {
  if (!stopped.signal.aborted) throw error;
  return undefined;
});
if (run === undefined) {
  say('stopped before its time');
  process.exitCode = 130;
} else {
  const failures = failuresOf(run);
  for (const failure of failures) say(failure);
  process.stdout.write(`${describeRun(run)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
