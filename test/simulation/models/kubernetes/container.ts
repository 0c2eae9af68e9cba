import type { KubeObject } from './cluster-state.ts';

/** The containers of one pod, of which the agent's alone tells when it is ready and how it ends. */
export interface ContainerStart {
  pod: KubeObject;
  /** Of the pod: another pod has it soon after. */
  address: string;
  /** From now on its probes succeed. */
  ready(): void;
  /** The agent exited by itself. Harmless after an earlier end. */
  ended(exit: ContainerExit): void;
}

export interface ContainerExit {
  exitCode: number;
  /** `OOMKilled`; absent for an exit of its own. */
  reason?: string;
  /** What it left in its termination file. */
  message?: string;
}

export interface RunningContainer {
  /** SIGTERM. `kill` follows after the time unless it has ended. */
  stop(graceMs: number): void;
  /** SIGKILL: its connections are reset. */
  kill(): void;
  /** Its machine lost power: its connections do not end. */
  lose(): void;
}

export type StartContainer = (start: ContainerStart) => RunningContainer;
