import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Figure, Unit } from '../figure.ts';
import { measureKernel, runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { percentile } from '../statistics.ts';

const runtimes = fileURLToPath(new URL('../../session-agent/runtimes/', import.meta.url));
const kernelSteps = 300;

interface Interpreter {
  p50: number;
  p95: number;
  startMs: number;
  rssMb: number;
}

const roundTrip = z.object({ p50: z.number(), p95: z.number() });
const pythonSchema = z.object({
  worker_start_ms: z.number(),
  idle_worker_mb: z.object({ VmRSS: z.number() }),
  round_trip_ms: roundTrip,
});
const nodeSchema = z.object({
  start_ms: z.number(),
  rss_mb: z.number(),
  round_trip_ms: roundTrip,
});

export const drivers: Row = {
  name: 'drivers',
  about: 'the interpreters alone, without an agent',
  async measure({ rounds, scaled }) {
    const measured = await alternate(rounds, {
      python: measurePython,
      kernel: () => measureIpykernel(Math.ceil(scaled(kernelSteps))),
      node: measureNode,
    });
    return [
      ...figuresOf('Python', measured.python, measured.kernel),
      ...figuresOf('Node', measured.node, measured.kernel),
    ];
  },
};

const run = promisify(execFile);

async function measurePython(): Promise<Interpreter> {
  const { stdout } = await run('python3', [`${runtimes}python/driver_bench.py`]);
  const { worker_start_ms, idle_worker_mb, round_trip_ms } = pythonSchema.parse(JSON.parse(stdout));
  return { ...round_trip_ms, startMs: worker_start_ms, rssMb: idle_worker_mb.VmRSS };
}

async function measureNode(): Promise<Interpreter> {
  const { stdout } = await run(process.execPath, [`${runtimes}node/driver-bench.mjs`]);
  const { start_ms, rss_mb, round_trip_ms } = nodeSchema.parse(JSON.parse(stdout));
  return { ...round_trip_ms, startMs: start_ms, rssMb: rss_mb };
}

async function measureIpykernel(steps: number): Promise<Interpreter> {
  const times = await runKernelProgram('time_steps', { kind: 'zmq', steps });
  return {
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    ...(await measureKernel()),
  };
}

function figuresOf(
  language: 'Python' | 'Node',
  ours: readonly Interpreter[],
  kernel: readonly Interpreter[],
): Figure[] {
  const figure = (key: keyof Interpreter, what: string, unit: Unit): Figure => ({
    id: `driver-${language.toLowerCase()}-${key}`,
    title: `${language} ${what}`,
    unit,
    ours: ours.map((one) => one[key]),
    beside: { name: 'ipykernel', values: kernel.map((one) => one[key]) },
  });
  return [
    figure('p50', 'driver, a step, p50', 'ms'),
    figure('p95', 'driver, a step, p95', 'ms'),
    figure('startMs', 'driver, start', 'ms'),
    figure('rssMb', 'worker, idle, RSS', 'MB'),
  ];
}
