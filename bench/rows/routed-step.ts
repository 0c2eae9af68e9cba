import { latencyFigures } from '../latency-figures.ts';
import { runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import { openGateway } from '../peers/kernels/start-gateway.ts';
import type { Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { openServices } from '../subjects/services.ts';

const stepsPerRound = 500;

export const routedStep: Row = {
  name: 'routed-step',
  about: 'a step of Python through the whole path, one after the other',
  async measure(bench) {
    const { port, authorization, openSession } = await openServices(bench, 0);
    const { path } = await openSession('python');
    const gatewayPort = await openGateway(bench);
    const steps = Math.ceil(bench.scaled(stepsPerRound));
    const targets = {
      ours: () =>
        runKernelProgram('time_steps', { kind: 'steppe', port, path, authorization, steps }),
      gateway: () => runKernelProgram('time_steps', { kind: 'gateway', port: gatewayPort, steps }),
    };
    await alternate(1, targets);
    const { ours, gateway } = await alternate(bench.rounds, targets);
    return latencyFigures({
      id: 'routed-step',
      title: 'routed Python step x += 1',
      ours,
      beside: { name: 'kernel gateway', rounds: gateway },
      percentiles: [50, 95],
    });
  },
};
