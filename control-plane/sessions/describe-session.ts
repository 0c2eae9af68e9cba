import type { AgentState } from '@steppe/contracts/internal';
import type { Session } from '@steppe/contracts/session';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { SessionServices } from './session-services.ts';
import { isTerminal } from './termination/cause.ts';

/** State that only the session's agent knows. */
export type LiveState = Pick<AgentState, 'epoch' | 'last_active_at'>;

/** The row of a session, and the state that its agent reported if it was queried. */
export interface SessionWithState {
  record: SessionRecord;
  live?: LiveState;
}

/** How long a description waits for the agent before it leaves out what only the agent knows. */
export const agentStateTimeoutMs = 300;

/** The session as the API shows it, with the agent's state if the agent responds in time. */
export async function describeSession(
  { agents, clock }: Pick<SessionServices, 'agents' | 'clock'>,
  record: SessionRecord,
): Promise<Session> {
  if (record.state !== 'ready') return toSession(record);
  const agent = { instanceId: record.instance_id, address: record.address };
  const live = await agents.state(agent, clock.limit(agentStateTimeoutMs)).catch(() => undefined);
  return toSession(record, live);
}

/** A row as the API shows it. */
export function toSession(record: SessionRecord, live?: LiveState): Session {
  const terminal = isTerminal(record)
    ? {
        ended_at: record.ended_at,
        end_reason: record.end_reason,
        ...(record.end_detail !== undefined && { end_detail: record.end_detail }),
      }
    : {};
  return {
    session_id: record.session_id,
    tenant_id: record.tenant_id,
    runtime: record.runtime,
    state: record.state,
    ...(live && { epoch: live.epoch, last_active_at: live.last_active_at }),
    instance_id: record.instance_id ?? null,
    created_at: record.created_at,
    ready_at: record.state === 'provisioning' ? null : (record.ready_at ?? null),
    expires_at: record.expires_at,
    idle_timeout_seconds: record.idle_timeout_seconds,
    metadata: record.metadata,
    resources: record.resources,
    ...terminal,
  };
}
