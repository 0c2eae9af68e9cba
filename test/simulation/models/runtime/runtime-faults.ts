/** Probabilities, each from 0 to 1. */
export interface RuntimeFaults {
  /** A write arrives in two reads, and a read of a raw stream takes less than there is. */
  split: number;
  /** A started worker takes seconds until it connects, sometimes longer than the agent waits. */
  slowStart: number;
  /** A started worker dies before it is ready. */
  failedStart: number;
  /** As `failedStart`, and so do all that are started after it. */
  brokenStarts: number;
  /** A worker cannot be forked. */
  failedFork: number;
  /** The end markers come after `done`, as if user code held them back. */
  lateMarkers: number;
  /** The worker dies at some moment of a step. */
  workerDeath: number;
  /** A supervisor that starts does not find a process that outlived the one before. */
  missedOrphan: number;
  /** The supervisor dies while its worker starts, and the next one does not find that worker. */
  orphanedStart: number;
}

export const noFaults: Readonly<RuntimeFaults> = {
  split: 0,
  slowStart: 0,
  failedStart: 0,
  brokenStarts: 0,
  failedFork: 0,
  lateMarkers: 0,
  workerDeath: 0,
  missedOrphan: 0,
  orphanedStart: 0,
};
