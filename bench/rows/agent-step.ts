import type { Figure } from '../figure.ts';
import { latencyFigures } from '../latency-figures.ts';
import { runKernelProgram } from '../peers/kernels/run-kernel-program.ts';
import type { Bench, Row } from '../row.ts';
import { alternate } from '../run/alternate.ts';
import { cpuSeconds } from '../run/process-usage.ts';
import { openServices, type SessionAgent } from '../subjects/services.ts';

const stepsPerRound = 2000;

export const agentStep: Row = {
  name: 'agent-step',
  about: 'a step of Python at the agent itself: its latency, and CPU time of the agent',
  async measure(bench) {
    const { openSession } = await openServices(bench, 0);
    const session = await openSession('python');
    await session.run('x = 0');
    const agent = session.findAgent();
    const steps = Math.ceil(bench.scaled(stepsPerRound));
    const targets = {
      ours: () => timeSteps(bench, session.path, agent, steps),
      zmq: () => runKernelProgram('time_steps', { kind: 'zmq', steps: Math.ceil(steps / 4) }),
    };
    await alternate(1, targets);
    const { ours, zmq } = await alternate(bench.rounds, targets);
    const cpu: Figure = {
      id: 'agent-step-cpu',
      title: 'CPU of the agent for a step',
      unit: 'ms',
      ours: ours.map(({ cpuMs }) => cpuMs),
      note: 'without the interpreter',
    };
    return [
      ...latencyFigures({
        id: 'agent-step',
        title: 'Python step at the agent',
        ours: ours.map(({ latenciesMs }) => latenciesMs),
        beside: { name: 'ipykernel over ZMQ', rounds: zmq },
        percentiles: [95, 50],
      }),
      cpu,
    ];
  },
};

let sent = 0;

/** The agent expects an id with each step, which the data-plane adds for callers. */
const nextBody = (): string => JSON.stringify({ step_id: `stp_bench_${sent++}`, code: 'x += 1' });

async function timeSteps({ load }: Bench, path: string, agent: SessionAgent, steps: number) {
  const authorization = await agent.authorization();
  const headers = { authorization, 'content-type': 'application/json' };
  const before = cpuSeconds(agent.pid);
  const { latenciesMs } = await load.run({
    kind: 'closed',
    port: agent.port,
    requests: Array.from({ length: steps }, () => ({
      method: 'POST',
      path,
      headers,
      body: nextBody(),
    })),
    connections: 1,
    until: { requests: steps },
  });
  return { latenciesMs, cpuMs: ((cpuSeconds(agent.pid) - before) * 1000) / steps };
}
