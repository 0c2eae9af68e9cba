import { freemem } from 'node:os';
import type { Figure } from '../figure.ts';
import { latencyFigures } from '../latency-figures.ts';
import { measureKernel, runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import { openGateway } from '../peers/kernels/start-gateway.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { treeBytes } from '../run/process-usage.ts';
import { stepRequest } from '../subjects/hop.ts';
import { openSessions } from '../subjects/open-sessions.ts';
import { type OpenSession, openServices, type Services } from '../subjects/services.ts';

const sizes = [10, 100, 300];
const stepsPerRound = 300;
/** More than a session takes, so that the bench never makes the machine swap. */
const bytesPerSession = 80e6;

export const manySessions: Row = {
  name: 'many-sessions',
  about: `${sizes.join(', ')} sessions of Python: latency of a step, and memory`,
  async measure(bench) {
    const services = await openServices(bench, 0);
    const gatewayPort = await openGateway(bench);
    const opened: OpenSession[] = [];
    const figures: Figure[] = [];
    for (const size of sizes.map((full) => Math.ceil(bench.scaled(full)))) {
      const missing = size - opened.length;
      if (missing * bytesPerSession > freemem()) {
        process.stderr.write(`  ${size} sessions need more memory than is free: left out\n`);
        break;
      }
      opened.push(...(await openSessions(services, missing)));
      figures.push(...(await figuresOf(bench, services, opened, gatewayPort)));
    }
    return figures;
  },
};

/** The figures of as many sessions as are open. */
async function figuresOf(
  bench: Bench,
  services: Services,
  opened: readonly OpenSession[],
  gatewayPort: number,
): Promise<Figure[]> {
  const count = opened.length;
  const steps = Math.ceil(bench.scaled(stepsPerRound));
  const targets = {
    ours: async () => {
      const { latenciesMs } = await bench.load.run({
        kind: 'closed',
        port: services.port,
        requests: opened.map(({ id }) => stepRequest(services.authorization, id)),
        connections: 1,
        until: { requests: steps },
      });
      return latenciesMs;
    },
    gateway: () => runKernelProgram('time_steps', { kind: 'gateway', port: gatewayPort, steps }),
    memory: async () => treeBytes(opened.map((session) => session.findAgent().pid)) / 1e6 / count,
    kernel: measureKernel,
  };
  const { ours, gateway, memory, kernel } = await alternate(bench.rounds, targets);
  return [
    ...latencyFigures({
      id: `many-sessions-${count}`,
      title: `a step in turn in each of ${count} sessions`,
      ours,
      beside: { name: 'kernel gateway, 1 kernel', rounds: gateway },
      percentiles: [50, 95],
    }),
    {
      id: `many-sessions-${count}-memory`,
      title: `memory of each of ${count} sessions`,
      unit: 'MB',
      ours: memory,
      beside: { name: 'ipykernel, RSS', values: kernel.map(({ rssMb }) => rssMb) },
      note: 'agent, supervisor and worker; what processes share is divided among them (PSS)',
    },
  ];
}
