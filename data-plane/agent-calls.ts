import type { OperationName, operations } from '@steppe/contracts/operations';

interface AgentCall {
  /** `step`, `restart` and `cancel` are read whole and parsed; `upload` is streamed. */
  body: 'none' | 'step' | 'restart' | 'cancel' | 'upload';
  /** After `expires_at` nothing new is begun; what runs may end, be read and be cancelled. */
  begins: boolean;
  /**
   * What may be done after the agent was sent the call and the answer broke off: `unanswered` may be asked again while the
   * client has nothing of the answer, a step that is submitted or followed is gone on with at any point by its id, and a
   * restart is asked for again by the epoch that it was to end.
   */
  again: 'never' | 'unanswered' | 'submit' | 'follow' | 'restart';
}

export type AgentOperation = {
  [Name in OperationName]: (typeof operations)[Name]['answeredBy'] extends 'session-agent' ? Name : never;
}[OperationName];

/** How each call that an agent answers is treated on its way. */
export const agentCalls = {
  run_step: { body: 'step', begins: true, again: 'submit' },
  list_steps: { body: 'none', begins: false, again: 'unanswered' },
  get_step: { body: 'none', begins: false, again: 'unanswered' },
  follow_step: { body: 'none', begins: false, again: 'follow' },
  cancel_step: { body: 'cancel', begins: false, again: 'unanswered' },
  restart_session: { body: 'restart', begins: true, again: 'restart' },
  list_files: { body: 'none', begins: false, again: 'unanswered' },
  put_file: { body: 'upload', begins: true, again: 'never' },
  get_file: { body: 'none', begins: false, again: 'unanswered' },
  head_file: { body: 'none', begins: false, again: 'unanswered' },
  delete_file: { body: 'none', begins: true, again: 'never' },
} as const satisfies Record<AgentOperation, AgentCall>;

export const isAgentOperation = (name: string): name is AgentOperation => Object.hasOwn(agentCalls, name);
