import type { Kernel, SimulatedProcess } from '../../kernel/kernel.ts';
import type { RandomStream } from '../../kernel/random-stream.ts';
import type { ControlConnection, ControlOptions } from './control-connection.ts';
import type { Fifo } from './fifo.ts';
import type { RuntimeFaults } from './runtime-faults.ts';

/** What one step really did, kept up to date while it runs. */
export interface StepRun {
  readonly stepId: string;
  /** The session that the step's client meant. */
  readonly wantedSession: string;
  /** The session whose variables the worker has. */
  readonly session: string;
  readonly instanceId: string;
  readonly epoch: number;
  readonly executionCount: number;
  /** Names the memory: equal for two runs only if they share variables. */
  readonly memory: string;
  readonly startedMs: number;
  stdout: string;
  stderr: string;
  end: 'running' | 'completed' | 'failed' | 'interrupted' | 'killed';
}

/** A process of the session: a worker, or one that a step started. */
interface SessionProcess {
  readonly process: SimulatedProcess;
  /** A supervisor that starts does not find it. */
  isMissed: boolean;
}

export interface RuntimeOptions {
  instanceId: string;
  /** Read anew at each use: the weather may change them. */
  faults: RuntimeFaults;
  onFault: (kind: string) => void;
  /** Called when a killed container is started again, with the time until then. */
  onBackOff: (ms: number) => void;
  /** Called as a step begins to run. */
  onRun: (run: StepRun) => void;
  random: RandomStream;
}

/** The container in which a supervisor and its workers run, as they see it. */
export interface RuntimeMachine extends RuntimeOptions {
  readonly kernel: Kernel;
  readonly processes: Set<SessionProcess>;
  /** No worker gets ready any more. */
  isBroken: boolean;
  newPid(): number;
  /** Undefined if the agent does not listen. */
  connect(
    peer: Pick<ControlOptions, 'peer' | 'onCommand' | 'onClosed'>,
  ): ControlConnection | undefined;
  /** Undefined if the agent has not created them. */
  streamsOf(epoch: number): { out: Fifo; err: Fifo } | undefined;
  /** Its processes outlive it, as they do outside of a container, and another one is started. */
  killSupervisor(): void;
  /** Everything in the container dies at once, and it is started again. */
  killContainer(): void;
  /** The memory is nearly used up. The supervisor reports it, and may kill the worker. */
  exhaustMemory(kills: 'worker' | 'container'): void;
}
