// Prints the cost of a step in each runtime, compared with the same step in an IPython kernel that
// runs in the same minute.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const kernelPython = `${root}.venv-bench/bin/python`;

function measure(what, program, args) {
  process.stderr.write(`measuring ${what}…\n`);
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${what}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout);
}

function rowOf(runtime, { round_trip_ms: { p50, p95 }, start_ms, rss_mb }, kernel) {
  return {
    runtime,
    'step p50 ms': p50.toFixed(3),
    'step p95 ms': p95.toFixed(3),
    'start ms': start_ms.toFixed(1),
    'RSS MB': rss_mb.toFixed(1),
    'kernel p50 ÷ its own': (kernel.round_trip_ms.p50 / p50).toFixed(1),
  };
}

const kernel = measure('the IPython kernel', kernelPython, ['bench/ipykernel_bench.py']);
const {
  worker_start_ms: start_ms,
  idle_worker_mb,
  round_trip_ms,
} = measure('our Python', 'python3', ['session-agent/runtimes/python/driver_bench.py']);
const python = { start_ms, rss_mb: idle_worker_mb.VmRSS, round_trip_ms };
const node = measure('our Node', process.execPath, [
  'session-agent/runtimes/node/driver-bench.mjs',
]);

console.table([
  rowOf('python', python, kernel),
  rowOf('node', node, kernel),
  rowOf('ipykernel', kernel, kernel),
]);
