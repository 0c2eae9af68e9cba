import type { History } from '../history/history.ts';
import type { Kernel, SimulatedProcess } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import type { RunningPlane } from './planes.ts';

/** One replica of a plane: whatever ends it, it is started again. */
export interface Replica {
  readonly name: string;
  readonly host: string;
  readonly process: SimulatedProcess;
  /** Undefined while it starts. */
  readonly running: RunningPlane | undefined;
  /** As a rolling update: SIGTERM, then the next one. */
  replace(): void;
}

interface ReplicaOptions {
  kernel: Kernel;
  history: History;
  random: RandomStream;
  name: string;
  host: string;
  boot: (host: string) => Promise<RunningPlane>;
}

/** The chart's grace period of a plane's pod. */
const terminationMs = 30_000;

export function keepReplica(options: ReplicaOptions): Replica {
  const { kernel, history, random, name, host, boot } = options;
  const replica = { name, host, process: kernel.world, running: asRunning(undefined), replace };

  function start(): void {
    const process = kernel.createProcess(name);
    replica.process = process;
    process.onKill(() => {
      replica.running = undefined;
      kernel.schedule(random.between(300, 6_000), kernel.world, `restart ${name}`, start);
    });
    kernel.schedule(0, process, `start ${name}`, () => {
      boot(host).then(
        (running) => {
          replica.running = running;
        },
        (error: unknown) => {
          history.tell(name, `could not start: ${error}`);
          kernel.kill(process);
        },
      );
    });
  }

  function replace(): void {
    const { process, running } = replica;
    const end = () => kernel.kill(process);
    kernel.schedule(0, process, 'SIGTERM', () => {
      if (running) running.close().then(end, end);
    });
    kernel.schedule(terminationMs, kernel.world, 'SIGKILL', end);
  }

  start();
  return replica;
}

/** The type that a replica has over its life. */
const asRunning = (running: RunningPlane | undefined): RunningPlane | undefined => running;
