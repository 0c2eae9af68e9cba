import type { Figure } from '../figure.ts';
import type { LoadRequest } from '../load/load-spec.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { cpuSeconds } from '../run/process-usage.ts';
import { type Forwarder, openHop, stepRequest } from '../subjects/hop.ts';

const connections = 64;
const seconds = 3;

interface Cost {
  cpuMicros: number;
  /** What a whole core would do: the rate, divided by the part of the core that was used. */
  perSecond: number;
}

export const stepCpu: Row = {
  name: 'step-cpu',
  about: 'CPU time of a forwarded step, and requests per second of one core',
  async measure(bench) {
    const hop = await openHop(bench, { node: bench.node });
    const request = stepRequest(hop.authorization);
    const targets = {
      ours: () => costOf(bench, hop.ours, request),
      nginx: () => costOf(bench, hop.nginx, request),
      bare: () => costOf(bench, hop.bare, request),
    };
    // V8 compiles in the first round.
    await alternate(1, targets);
    return figuresOf(await alternate(bench.rounds, targets));
  },
};

async function costOf(
  { load, scaled }: Bench,
  { pid, port }: Forwarder,
  request: LoadRequest,
): Promise<Cost> {
  const before = cpuSeconds(pid);
  const result = await load.run({
    kind: 'closed',
    port,
    requests: [request],
    connections,
    until: { seconds: scaled(seconds) },
  });
  const used = cpuSeconds(pid) - before;
  const count = result.latenciesMs.length;
  return { cpuMicros: (used / count) * 1e6, perSecond: count / used };
}

function figuresOf(costs: Record<'ours' | 'nginx' | 'bare', Cost[]>): Figure[] {
  const cpu = (name: 'ours' | 'nginx' | 'bare') => costs[name].map(({ cpuMicros }) => cpuMicros);
  const rate = (name: 'ours' | 'nginx' | 'bare') => costs[name].map(({ perSecond }) => perSecond);
  const title = `CPU of a forwarded step, ${connections} connections`;
  return [
    {
      id: 'step-cpu-nginx',
      title,
      unit: 'µs',
      ours: cpu('ours'),
      beside: { name: 'nginx', values: cpu('nginx') },
    },
    {
      id: 'step-cpu-bare',
      title,
      unit: 'µs',
      ours: cpu('ours'),
      beside: { name: 'bare proxy', values: cpu('bare') },
    },
    {
      id: 'step-rate',
      title: 'requests per second of one core',
      unit: 'requests/s',
      ours: rate('ours'),
      beside: { name: 'nginx', values: rate('nginx') },
      note: 'requests divided by the CPU time they took',
    },
  ];
}
