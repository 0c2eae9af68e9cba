import type { OperationName, operations } from '@steppe/contracts/operations';

export type RecoveryKind = 'never' | 'no_response' | 'submit' | 'follow' | 'restart';

interface AgentOperationPlan {
  /** `step`, `restart` and `cancel` are read into memory and parsed; `upload` is streamed. */
  body: 'none' | 'step' | 'restart' | 'cancel' | 'upload';
  /**
   * True for a call that begins new work, which an expired session refuses. Running work may still
   * finish, be read and be cancelled.
   */
  begins: boolean;
  /**
   * How a call recovers when its response is interrupted. `no_response` is sent again if the client
   * has received nothing yet. A submitted or followed step resumes at any point by its id. A
   * restart is sent again with the epoch that it ends.
   */
  recovery: RecoveryKind;
}

export type AgentOperation = {
  [Name in OperationName]: (typeof operations)[Name]['servedBy'] extends 'session-agent'
    ? Name
    : never;
}[OperationName];

/** How each operation of an agent is forwarded. */
export const agentOperations = {
  run_step: { body: 'step', begins: true, recovery: 'submit' },
  list_steps: { body: 'none', begins: false, recovery: 'no_response' },
  get_step: { body: 'none', begins: false, recovery: 'no_response' },
  follow_step: { body: 'none', begins: false, recovery: 'follow' },
  get_output: { body: 'none', begins: false, recovery: 'no_response' },
  cancel_step: { body: 'cancel', begins: false, recovery: 'no_response' },
  restart_session: { body: 'restart', begins: true, recovery: 'restart' },
  list_files: { body: 'none', begins: false, recovery: 'no_response' },
  put_file: { body: 'upload', begins: true, recovery: 'never' },
  get_file: { body: 'none', begins: false, recovery: 'no_response' },
  head_file: { body: 'none', begins: false, recovery: 'no_response' },
  delete_file: { body: 'none', begins: true, recovery: 'never' },
} as const satisfies Record<AgentOperation, AgentOperationPlan>;

export const isAgentOperation = (name: string): name is AgentOperation =>
  Object.hasOwn(agentOperations, name);
