import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from '../figure.ts';
import { runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import { openGateway } from '../peers/kernels/start-gateway.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { percentile } from '../statistics.ts';
import { untilPoolIsFull } from '../subjects/pool.ts';
import { openServices } from '../subjects/services.ts';
import { type CreateTimes, timeCreates } from '../subjects/time-creates.ts';

const poolSize = 2;
const createsPerRound = 8;
/** A cold start and a kernel take far longer. */
const slowCreatesPerRound = 5;

export const creates: Row = {
  name: 'creates',
  about: 'creates from a warm pool and cold ones, to the first result',
  async measure(bench) {
    const warm = await openServices(inDirectory(bench, 'warm'), poolSize);
    const cold = await openServices(inDirectory(bench, 'cold'), 0);
    const port = await openGateway(bench);
    const count = Math.ceil(bench.scaled(createsPerRound));
    const few = Math.ceil(bench.scaled(slowCreatesPerRound));
    const ready = () => untilPoolIsFull(warm, poolSize);
    const targets = {
      warmPython: () => timeCreates(warm, { runtime: 'python', count, ready }),
      coldPython: () => timeCreates(cold, { runtime: 'python', count: few }),
      kernel: () => runKernelProgram('time_creates', { port, kernels: few }),
      coldNode: () => timeCreates(cold, { runtime: 'node', count: few }),
      warmNode: () => timeCreates(warm, { runtime: 'node', count, ready }),
    };
    await alternate(1, targets);
    const times = await alternate(bench.rounds, targets);
    return [
      ...figuresOf('warm-create-python', 'warm create, Python', times.warmPython, times.kernel),
      ...figuresOf('warm-create-node', 'warm create, Node', times.warmNode, times.kernel),
      ...figuresOf('cold-create-python', 'cold create, Python', times.coldPython, times.kernel),
      ...figuresOf('cold-create-node', 'cold create, Node', times.coldNode, times.kernel),
    ];
  },
};

function inDirectory(bench: Bench, name: string): Bench {
  const directory = join(bench.directory, name);
  mkdirSync(directory);
  return { ...bench, directory };
}

/** The gateway has no create without a first result: it is beside the sum alone. */
function figuresOf(id: string, title: string, ours: CreateTimes[][], kernel: number[][]): Figure[] {
  const p95 = (of: (times: CreateTimes) => number) =>
    ours.map((times) => percentile(times.map(of), 0.95));
  return [
    { id, title: `${title}, p95`, unit: 'ms', ours: p95(({ createMs }) => createMs) },
    {
      id: `${id}-first-step`,
      title: `first step after a ${title}, p95`,
      unit: 'ms',
      ours: p95(({ firstStepMs }) => firstStepMs),
    },
    {
      id: `${id}-first-result`,
      title: `${title}, to the first result, p95`,
      unit: 'ms',
      ours: p95(({ createMs, firstStepMs }) => createMs + firstStepMs),
      beside: {
        name: 'kernel gateway',
        values: kernel.map((times) => percentile(times, 0.95)),
      },
    },
  ];
}
