import type { Figure } from '../figure.ts';
import type { LoadRequest } from '../load/load-spec.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { curveOf, percentile } from '../statistics.ts';
import { openHop, stepRequest } from '../subjects/hop.ts';

const rates = [500, 1000, 2000];
const seconds = 2;
const warmUpRequests = 5000;

export const addedLatency: Row = {
  name: 'added-latency',
  about: 'latency that the data-plane adds to a step at a rate of Poisson arrivals',
  async measure(bench) {
    const hop = await openHop(bench);
    const request = stepRequest(hop.authorization);
    const ports = {
      ours: hop.ours.port,
      nginx: hop.nginx.port,
      bare: hop.bare.port,
      direct: hop.upstreamPort,
    };
    for (const port of Object.values(ports)) await warmUp(bench, port, request);
    const figures: Figure[] = [];
    for (const perSecond of rates) {
      let seed = perSecond;
      const at = (port: number) => async () => {
        const { latenciesMs } = await bench.load.run({
          kind: 'open',
          port,
          requests: [request],
          perSecond,
          seconds: bench.scaled(seconds),
          seed: seed++,
          order: 'in turn',
        });
        return latenciesMs;
      };
      figures.push(
        ...figuresOf(
          perSecond,
          await alternate(bench.rounds, {
            ours: at(ports.ours),
            nginx: at(ports.nginx),
            bare: at(ports.bare),
            direct: at(ports.direct),
          }),
        ),
      );
    }
    return figures;
  },
};

const warmUp = ({ load, scaled }: Bench, port: number, request: LoadRequest) =>
  load.run({
    kind: 'closed',
    port,
    requests: [request],
    connections: 8,
    until: { requests: Math.ceil(scaled(warmUpRequests) / 8) },
  });

type Latencies = Record<'ours' | 'nginx' | 'bare' | 'direct', number[][]>;

function figuresOf(perSecond: number, latencies: Latencies): Figure[] {
  const added = (name: keyof Latencies) =>
    latencies[name].map(
      (values, round) => percentile(values, 0.95) - percentile(latencies.direct[round] ?? [], 0.95),
    );
  const title = `added p95 at ${perSecond} requests/s`;
  const figure = { title, unit: 'ms', ours: added('ours') } as const;
  const curves = Object.entries(latencies).map(([name, rounds]) => ({
    name,
    points: curveOf(rounds.flat()),
  }));
  return [
    {
      ...figure,
      id: `added-${perSecond}`,
      beside: { name: 'nginx', values: added('nginx') },
      note: 'p95 minus that of the same requests sent to the upstream directly',
      curves,
    },
    {
      ...figure,
      id: `added-${perSecond}-bare`,
      beside: { name: 'bare proxy', values: added('bare') },
    },
  ];
}
