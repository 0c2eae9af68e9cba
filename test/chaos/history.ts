import type { StepResult } from '@steppe/contracts/step';

/** What the sender of a step got in the end. */
export type Outcome =
  | {
      kind: 'ended';
      result: Pick<
        StepResult,
        'session_id' | 'step_id' | 'status' | 'epoch' | 'state_lost' | 'stdout'
      >;
    }
  /** It was not run and will not be, for its sender counted on memory that is gone. */
  | { kind: 'refused' }
  | { kind: 'session_ended' }
  /**
   * The instance lives and does not know a step that it took, or nothing could be learnt of it in
   * time.
   */
  | { kind: 'missing'; what: string }
  /** A response that only the planes among themselves may see, or another session's. */
  | { kind: 'foreign'; what: string }
  /** A response that the contract has no reason for. */
  | { kind: 'unexpected'; what: string };

export interface StepRecord {
  /** As the sender calls it, and as its interpreter gets at its creation. */
  session: string;
  sessionId: string;
  stepId: string;
  /** The epoch that the sender knew of when it sent the step. */
  reportedEpoch: number;
  /** What it prints when it completes. */
  output: string;
  /** Those of the events, as they reached the sender over all its connections. */
  seqs: number[];
  /** The output that the events told of; undefined where the last of them never came. */
  received: string | undefined;
  outcome: Outcome;
}

/** What a step wrote, outside of its session, when it ran. */
export interface Run {
  stepId: string;
  /** The session that the step was sent to, and the one that it ran in. */
  wanted: string;
  actual: string;
  /** Made once in the memory of an interpreter, and lost with it. */
  mark: string;
}
