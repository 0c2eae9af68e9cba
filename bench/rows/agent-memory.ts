import { residentBytes } from '../../test/support/processes/instance.ts';
import { measureKernel } from '../peers/kernels/run-kernel-program.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { stepRequest } from '../subjects/hop.ts';
import { openServices, type Services } from '../subjects/services.ts';

const steps = 500;

export const agentMemory: Row = {
  name: 'agent-memory',
  about: `resident memory of an agent, fresh and after ${steps} steps`,
  async measure(bench) {
    const services = await openServices(bench, 0);
    const { ours, kernel } = await alternate(bench.rounds, {
      ours: () => memoryOfNewAgent(bench, services),
      kernel: measureKernel,
    });
    const beside = { name: 'ipykernel', values: kernel.map(({ rssMb }) => rssMb) };
    return [
      {
        id: 'agent-memory-fresh',
        title: 'agent, fresh, RSS',
        unit: 'MB',
        ours: ours.map(({ freshMb }) => freshMb),
        beside,
      },
      {
        id: 'agent-memory-used',
        title: `agent after ${steps} steps, RSS`,
        unit: 'MB',
        ours: ours.map(({ usedMb }) => usedMb),
        beside,
      },
    ];
  },
};

async function memoryOfNewAgent({ load }: Bench, { port, authorization, openSession }: Services) {
  const session = await openSession('python');
  const { pid } = session.findAgent();
  const freshMb = residentBytes(pid) / 1e6;
  await session.run('x = 0');
  await load.run({
    kind: 'closed',
    port,
    requests: [stepRequest(authorization, session.id)],
    connections: 1,
    until: { requests: steps },
  });
  const usedMb = residentBytes(pid) / 1e6;
  await session.end();
  return { freshMb, usedMb };
}
