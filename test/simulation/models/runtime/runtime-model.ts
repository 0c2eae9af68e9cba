import type { Duplex } from 'node:stream';
import type { RuntimeTransport } from '../../../../session-agent/protocol/runtime-transport.ts';
import type { Kernel, SimulatedProcess } from '../../kernel/kernel.ts';
import { type ControlConnection, connectControl } from './control-connection.ts';
import { Fifo } from './fifo.ts';
import { inOrder } from './in-order.ts';
import type { RuntimeMachine, RuntimeOptions } from './runtime-machine.ts';
import { SupervisorModel } from './supervisor-model.ts';

/** The runtime container of one pod, and how the agent reaches it. */
export interface RuntimeModel {
  transport: RuntimeTransport;
  /** The pod is gone. */
  stop(): void;
  killWorker(): void;
  /** Its processes outlive it, as they do outside of a container, and another one is started. */
  killSupervisor(): void;
  /** It does nothing for this time. */
  pauseSupervisor(ms: number): void;
  /** The kernel or the supervisor kills something. */
  outOfMemory(): void;
}

/** What the kubelet waits before it starts a container again that ran for less than ten minutes. */
const backoffMs = [1_200, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000];
const backoffResetMs = 600_000;
const maxConnections = 4;

export function createRuntimeModel(kernel: Kernel, options: RuntimeOptions): RuntimeModel {
  const { random } = options;
  const agentSide = createAgentSide(kernel, options);
  let [pids, restarts, startedMs, isStopped] = [0, 0, kernel.nowMs, false];
  let supervisor: SupervisorModel;
  const boot = (delayMs: number) => {
    kernel.schedule(delayMs, kernel.world, 'start supervisor', () => {
      if (!isStopped) supervisor = new SupervisorModel(machine, random.between(5, 60));
    });
  };
  const killAll = () => {
    if (supervisor) kernel.kill(supervisor.process);
    for (const { process } of machine.processes) kernel.kill(process);
    machine.processes.clear();
  };
  const machine: RuntimeMachine = {
    ...options,
    kernel,
    processes: new Set(),
    isBroken: false,
    newPid: () => {
      pids += 1;
      return pids;
    },
    connect: agentSide.connect,
    streamsOf: agentSide.streamsOf,
    killSupervisor() {
      if (!supervisor?.process.isAlive) return;
      kernel.kill(supervisor.process);
      boot(random.between(50, 500));
    },
    killContainer() {
      killAll();
      if (kernel.nowMs - startedMs > backoffResetMs) restarts = 0;
      const waitMs = backoffMs[Math.min(restarts, backoffMs.length - 1)] ?? 0;
      restarts += 1;
      startedMs = kernel.nowMs + waitMs;
      const delayMs = waitMs * random.between(0.8, 1.2);
      options.onBackOff(delayMs);
      boot(delayMs);
    },
    exhaustMemory(kills) {
      // Memory can be used up faster than the supervisor looks.
      const isReported = kills === 'worker' || random.chance(0.5);
      if (isReported) supervisor.exhaust(kills);
      if (kills === 'container')
        kernel.schedule(random.between(1, 250), kernel.world, 'out of memory', () =>
          machine.killContainer(),
        );
    },
  };
  boot(0);
  return {
    transport: agentSide.transport,
    stop() {
      isStopped = true;
      killAll();
    },
    killWorker() {
      if (supervisor?.worker) kernel.kill(supervisor.worker.process);
    },
    killSupervisor: machine.killSupervisor,
    pauseSupervisor(ms) {
      if (supervisor) kernel.pause(supervisor.process, ms);
    },
    outOfMemory: () => machine.exhaustMemory(random.chance(0.5) ? 'worker' : 'container'),
  };
}

interface Listener {
  agent: SimulatedProcess;
  onConnection: (connection: Duplex) => void;
  onRefused: (reason: string) => void;
}

/** `agent.sock` and the FIFOs of a run directory. */
function createAgentSide(kernel: Kernel, { random, faults }: RuntimeOptions) {
  const fifos = new Map<string, Fifo>();
  const open = new Set<Duplex>();
  let listener: Listener | undefined;
  const createFifo = (name: string): Fifo => {
    const fifo: Fifo = new Fifo({
      ...{ kernel, random, faults, agent: kernel.current },
      onUnlink: () => {
        if (fifos.get(name) === fifo) fifos.delete(name);
      },
    });
    fifos.set(name, fifo);
    return fifo;
  };
  const transport: RuntimeTransport = {
    async listen(onConnection, onRefused) {
      listener = { agent: kernel.current, onConnection, onRefused };
      await kernel.delay(0.1, 'listen');
    },
    async openStreams(epoch) {
      await kernel.delay(random.between(1, 8), 'mkfifo');
      return { out: createFifo(`${epoch}.out`), err: createFifo(`${epoch}.err`) };
    },
    close() {
      listener = undefined;
      for (const connection of open) connection.destroy();
    },
  };
  const connect: RuntimeMachine['connect'] = (peer): ControlConnection | undefined => {
    if (!listener?.agent.isAlive) return undefined;
    const { agent } = listener;
    const connection = connectControl({ ...peer, kernel, random, faults, agent });
    const { agentEnd } = connection;
    agentEnd.once('close', () => open.delete(agentEnd));
    inOrder(
      kernel,
      random,
      agent,
    )('accept', () => {
      if (!listener || open.size >= maxConnections) {
        agentEnd.destroy();
        listener?.onRefused(`more than ${maxConnections} connections are open`);
        return;
      }
      open.add(agentEnd);
      listener.onConnection(agentEnd);
    });
    return connection;
  };
  const streamsOf = (epoch: number) => {
    const [out, err] = [fifos.get(`${epoch}.out`), fifos.get(`${epoch}.err`)];
    return out && err && { out, err };
  };
  return { transport, connect, streamsOf };
}
