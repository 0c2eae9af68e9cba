import type { StepResult } from '@steppe/contracts/step';

/** The final outcome of a step, as its sender sees it. */
export type Outcome =
  | {
      kind: 'ended';
      result: Pick<
        StepResult,
        'session_id' | 'step_id' | 'status' | 'epoch' | 'state_lost' | 'stdout'
      > &
        Partial<Pick<StepResult, 'error' | 'truncated'>>;
    }
  /** The step never runs, because its sender relied on memory that no longer exists. */
  | { kind: 'refused' }
  | { kind: 'session_ended' }
  /**
   * The live instance does not know a step that it accepted, or no outcome was known before the
   * time limit.
   */
  | { kind: 'missing'; what: string }
  /** A response that is internal to the planes, or that belongs to another session. */
  | { kind: 'foreign'; what: string }
  /** A response that the contract does not explain. */
  | { kind: 'unexpected'; what: string };

export interface StepRecord {
  /** The name that the sender gives the session and passes to its interpreter at the create. */
  session: string;
  sessionId: string;
  stepId: string;
  /** The epoch that the sender knew of when it sent the step. */
  reportedEpoch: number;
  /** What the step prints when it completes. */
  output: string;
  /** The `seq` of each event, in the order in which the sender received them on all connections. */
  seqs: number[];
  /** The output in the events; undefined if the last event never arrived. */
  received: string | undefined;
  outcome: Outcome;
}

/** What a step recorded outside its session when it ran. */
export interface Run {
  stepId: string;
  /** The session that the step was sent to, and the one that it ran in. */
  wanted: string;
  actual: string;
  /** Generated once in the memory of an interpreter, and lost with that memory. */
  mark: string;
}
