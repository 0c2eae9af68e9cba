import type { AgentState } from '@steppe/contracts/internal';
import type { SessionRecord } from '@steppe/contracts/session-record';

/** What only the session's agent knows. */
export type LiveState = Pick<AgentState, 'epoch' | 'last_active_at'>;

/** A session as far as it is known: its row, and what its agent reported if it was queried. */
export interface SessionWithState {
  record: SessionRecord;
  live?: LiveState;
}
