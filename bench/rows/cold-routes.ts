import { join } from 'node:path';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { latencyFigures } from '../latency-figures.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { portIn, startProgram } from '../run/start-program.ts';
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
    const { ours, beside } = await alternate(bench.rounds, targets);
    return latencyFigures({
      id: 'cold-routes',
      title: `${sessions} cold routes at ${perSecond} requests/s`,
      ours,
      beside: { name: 'bare proxy that reads the same rows', rounds: beside },
      percentiles: [50, 95],
    });
  },
};
