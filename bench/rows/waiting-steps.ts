import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { residentBytes } from '../../test/support/processes/instance.ts';
import type { LoadRequest } from '../load/load-spec.ts';
import type { Load } from '../load/start-load.ts';
import type { Row } from '../row.ts';
import { stopAfter } from '../run/stop-after.ts';
import { type Forwarder, openHop, stepRequest } from '../subjects/hop.ts';
import { type FakeAgent, openFakeAgent } from '../subjects/start-fake-agent.ts';

const steps = 2000;
/** So that compiled code and connections do not count. */
const warmUpSteps = 200;

export const waitingSteps: Row = {
  name: 'waiting-steps',
  about: 'memory of the data-plane for steps that wait for their result',
  async measure(bench) {
    const agent = await openFakeAgent(bench);
    const grown = { ours: [] as number[], bare: [] as number[] };
    for (let round = 0; round < bench.rounds; round++) {
      const directory = join(bench.directory, `round-${round}`);
      mkdirSync(directory);
      // A process that held them before keeps the memory: each round has its own. They stop with
      // it: the agent runs out of file descriptors if every round leaves its connections open.
      await stopAfter(async (onClose) => {
        const hop = await openHop({ ...bench, directory, onClose }, { agentPort: agent.port });
        for (const name of ['ours', 'bare'] as const) {
          const hold = (count: number) =>
            kilobytesPerStep(bench.load, agent, hop[name], stepRequest(hop.authorization), count);
          await hold(warmUpSteps);
          grown[name].push(await hold(steps));
        }
      });
    }
    return [
      {
        id: 'waiting-steps',
        title: `memory of each of ${steps} waiting steps`,
        unit: 'KB',
        ours: grown.ours,
        beside: { name: 'bare proxy', values: grown.bare },
        note: 'resident memory of the process, before and while it holds them',
      },
    ];
  },
};

/** What the process grew by while it held them all, divided by their number. */
async function kilobytesPerStep(
  load: Load,
  agent: FakeAgent,
  { pid, port }: Forwarder,
  request: LoadRequest,
  connections: number,
): Promise<number> {
  const before = residentBytes(pid);
  const responses = load.run({
    kind: 'closed',
    port,
    requests: [request],
    connections,
    until: { requests: 1 },
  });
  await Promise.race([agent.holds(connections), responses]);
  const grown = residentBytes(pid) - before;
  agent.release();
  await responses;
  return grown / connections / 1024;
}
