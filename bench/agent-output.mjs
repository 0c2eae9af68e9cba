// Prints the CPU time that an agent spends on 200 MB of output in lines of 80 bytes, in each
// language. MEGABYTES= (200).
import { readdirSync, readFileSync } from 'node:fs';
import { startLocal } from '../examples/start-local.mjs';
import { connect } from '../examples/steppe-client.mjs';

const megabytes = Number(process.env.MEGABYTES ?? 200);
const lines = Math.round((megabytes * 1_000_000) / 80);
const ticksPerSecond = 100;

const runtimes = {
  python: `for _ in range(${lines}): print("x" * 79)`,
  node: `for (let n = 0; n < ${lines}; n++) console.log("x".repeat(79))`,
};

/** The fields of /proc/<pid>/stat after the name. */
const statOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');

/** The newest agent, which is a child of the local mode. */
function agentPid() {
  const isChild = (pid) => {
    try {
      return Number(statOf(pid)[1]) === local.pid;
    } catch {
      return false;
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isChild(name));
  return Math.max(...pids.map(Number));
}

/** User and system time of all threads. */
function cpuSeconds(pid) {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

const local = await startLocal({ STEPPE_POOL_SIZE: '0' });
const rows = [];
try {
  for (const [runtime, code] of Object.entries(runtimes)) {
    const session = await connect(local).createSession(runtime);
    await session.run('1');
    const pid = agentPid();
    const [before, startedAt] = [cpuSeconds(pid), performance.now()];
    const { status, error } = await session.run(code);
    if (error) console.error(error);
    const seconds = (performance.now() - startedAt) / 1000;
    rows.push({
      runtime,
      status,
      'agent CPU s': (cpuSeconds(pid) - before).toFixed(2),
      'step s': seconds.toFixed(1),
    });
    await session.end();
  }
} finally {
  await local.stop();
}
console.table(rows);
