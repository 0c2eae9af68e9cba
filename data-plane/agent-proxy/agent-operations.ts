import type { OperationName, operations } from '@steppe/contracts/operations';

interface AgentCall {
  /** `step`, `restart` and `cancel` are read whole and parsed; `upload` is streamed. */
  body: 'none' | 'step' | 'restart' | 'cancel' | 'upload';
  /** After `expires_at` nothing new is begun; what runs may end, be read and be cancelled. */
  begins: boolean;
  /**
   * How a call recovers when its response is interrupted after it was sent: `no_response` is sent
   * again while the client has nothing of the response, a step that is submitted or followed
   * resumes at any point by its id, and a restart is sent again with the epoch that it ends.
   */
  recovery: 'never' | 'no_response' | 'submit' | 'follow' | 'restart';
}

export type AgentOperation = {
  [Name in OperationName]: (typeof operations)[Name]['servedBy'] extends 'session-agent'
    ? Name
    : never;
}[OperationName];

/** How each call to an agent is handled. */
export const agentCalls = {
  run_step: { body: 'step', begins: true, recovery: 'submit' },
  list_steps: { body: 'none', begins: false, recovery: 'no_response' },
  get_step: { body: 'none', begins: false, recovery: 'no_response' },
  follow_step: { body: 'none', begins: false, recovery: 'follow' },
  cancel_step: { body: 'cancel', begins: false, recovery: 'no_response' },
  restart_session: { body: 'restart', begins: true, recovery: 'restart' },
  list_files: { body: 'none', begins: false, recovery: 'no_response' },
  put_file: { body: 'upload', begins: true, recovery: 'never' },
  get_file: { body: 'none', begins: false, recovery: 'no_response' },
  head_file: { body: 'none', begins: false, recovery: 'no_response' },
  delete_file: { body: 'none', begins: true, recovery: 'never' },
} as const satisfies Record<AgentOperation, AgentCall>;

export const isAgentOperation = (name: string): name is AgentOperation =>
  Object.hasOwn(agentCalls, name);
