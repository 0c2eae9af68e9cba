import { join } from 'node:path';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import type { Figure } from '../figure.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { portIn, startProgram } from '../run/start-program.ts';
import { curveOf, percentile } from '../statistics.ts';
import { openHop, stepRequest } from '../subjects/hop.ts';

const sessions = 1000;
const perSecond = 3000;

export const coldRoutes: Row = {
  name: 'cold-routes',
  about: 'sessions that are touched for the first time, each read from the table',
  async measure(bench) {
    const hop = await openHop(bench);
    const logFile = join(bench.directory, 'reading-proxy.log');
    const args = [`http://127.0.0.1:${hop.upstreamPort}`, hop.tableEndpoint];
    bench.onClose(startProgram('bare-proxy', { cores: 'subject', logFile, args }));
    const readingPort = await portIn(logFile);
    let seed = 1;
    const touch = async (port: number) => {
      const count = Math.round(bench.scaled(sessions));
      const { latenciesMs } = await bench.load.run({
        kind: 'open',
        port,
        // More than are due, as their number is random: none is sent twice.
        requests: Array.from({ length: count * 2 }, () =>
          stepRequest(hop.authorization, newSessionId()),
        ),
        perSecond,
        seconds: count / perSecond,
        seed: seed++,
        order: 'in turn',
      });
      return latenciesMs;
    };
    const targets = { ours: () => touch(hop.ours.port), beside: () => touch(readingPort) };
    await alternate(1, targets);
    return figuresOf(await alternate(bench.rounds, targets));
  },
};

function figuresOf({ ours, beside }: Record<'ours' | 'beside', number[][]>): Figure[] {
  const name = 'bare proxy that reads the same rows';
  const figureOf = (share: number) => ({
    id: `cold-routes-p${share * 100}`,
    title: `${sessions} cold routes at ${perSecond} requests/s, p${share * 100}`,
    unit: 'ms' as const,
    ours: ours.map((values) => percentile(values, share)),
    beside: { name, values: beside.map((values) => percentile(values, share)) },
  });
  const curves = [
    { name: 'ours', points: curveOf(ours.flat()) },
    { name, points: curveOf(beside.flat()) },
  ];
  return [figureOf(0.5), { ...figureOf(0.95), curves }];
}
