import { latencyFigures } from '../latency-figures.ts';
import { runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import { openGateway } from '../peers/kernels/start-gateway.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { stepRequest } from '../subjects/hop.ts';
import { openSessions } from '../subjects/open-sessions.ts';
import { openServices } from '../subjects/services.ts';

const sessions = 50;
/** A kernel takes seconds of CPU time to start: a tenth of them at the same rate each. */
const kernels = 5;
const stepsPerSecond = 4;
const secondsPerRound = 5;

export const busySessions: Row = {
  name: 'busy-sessions',
  about: `${sessions} sessions of Python at ${stepsPerSecond} steps/s each`,
  async measure(bench) {
    const services = await openServices(bench, 0);
    const opened = await openSessions(services, sessions);
    const gatewayPort = await openGateway(bench);
    const seconds = bench.scaled(secondsPerRound);
    let seed = 1;
    const targets = {
      ours: async () => {
        const { latenciesMs } = await bench.load.run({
          kind: 'open',
          port: services.port,
          requests: opened.map(({ id }) => stepRequest(services.authorization, id)),
          perSecond: sessions * stepsPerSecond,
          seconds,
          seed: seed++,
          order: 'at random',
        });
        return latenciesMs;
      },
      gateway: () =>
        runKernelProgram('load_kernels', {
          port: gatewayPort,
          kernels,
          per_second: stepsPerSecond,
          seconds,
        }),
    };
    await alternate(1, targets);
    const { ours, gateway } = await alternate(bench.rounds, targets);
    return latencyFigures({
      id: 'busy-sessions',
      title: `${sessions} sessions at ${stepsPerSecond} steps/s`,
      ours,
      beside: { name: `kernel gateway, ${kernels} kernels`, rounds: gateway },
      percentiles: [50, 95],
    });
  },
};
