import type { OperationName, operations } from '@steppe/contracts/operations';

interface AgentCall {
  /** `step`, `restart` and `cancel` are read whole and parsed; `upload` is streamed. */
  body: 'none' | 'step' | 'restart' | 'cancel' | 'upload';
  /** After `expires_at` nothing new is begun; what runs may end, be read and be cancelled. */
  begins: boolean;
}

export type AgentOperation = {
  [Name in OperationName]: (typeof operations)[Name]['answeredBy'] extends 'session-agent' ? Name : never;
}[OperationName];

/** How each call that an agent answers is treated on its way. */
export const agentCalls = {
  run_step: { body: 'step', begins: true },
  list_steps: { body: 'none', begins: false },
  get_step: { body: 'none', begins: false },
  follow_step: { body: 'none', begins: false },
  cancel_step: { body: 'cancel', begins: false },
  restart_session: { body: 'restart', begins: true },
  list_files: { body: 'none', begins: false },
  put_file: { body: 'upload', begins: true },
  get_file: { body: 'none', begins: false },
  head_file: { body: 'none', begins: false },
  delete_file: { body: 'none', begins: true },
} as const satisfies Record<AgentOperation, AgentCall>;

export const isAgentOperation = (name: string): name is AgentOperation => Object.hasOwn(agentCalls, name);
