import type { Session } from '@steppe/contracts/session';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { SessionServices } from './session-services.ts';
import type { LiveState } from './session-with-state.ts';
import { isTerminal } from './termination/cause.ts';

const agentTimeoutMs = 300;

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

/** The same with what its agent says, where it responds within 300 ms. */
export async function describeSession(
  { agents }: Pick<SessionServices, 'agents'>,
  record: SessionRecord,
): Promise<Session> {
  if (record.state !== 'ready') return toSession(record);
  const agent = { instanceId: record.instance_id, address: record.address };
  const live = await agents
    .state(agent, AbortSignal.timeout(agentTimeoutMs))
    .catch(() => undefined);
  return toSession(record, live);
}
