import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { LiveSessions, RouteWriter } from '@steppe/route-store/ports';
import { type EndCause, isOver, type OverRecord, overRecord } from './end-cause.ts';
import type { SessionMetrics } from './session-metrics.ts';

interface RecordEndOptions {
  store: RouteWriter & LiveSessions;
  metrics: SessionMetrics;
  now: () => number;
  sessionId: SessionId;
  cause: EndCause;
  /** Whose end it is: only if the row is ready and names this instance. */
  instanceId?: InstanceId;
  /** Only if the row still is this one. */
  version?: number;
}

/** The session may yet do without the instance that ended: only its create knows, or the reconciler where that died. */
export class StillProvisioning extends Error {
  override readonly name = 'StillProvisioning';
}

/**
 * Records an end once: the row of a session that is over stays as it is. Takes the session out of its tenant's quota in both
 * cases. Idempotent. Gives the row, or null where there is none or it is not the one that was meant.
 * @throws StillProvisioning for the end of an instance, as long as it cannot be said what it means.
 */
export async function recordEnd(options: RecordEndOptions): Promise<OverRecord | null> {
  const { store, sessionId } = options;
  const over = await endRow(options, await store.get(sessionId, { consistent: true }));
  if (over) await store.removeLive(over.tenant_id, sessionId);
  return over;
}

async function endRow(options: RecordEndOptions, found: SessionRecord | null): Promise<OverRecord | null> {
  const { store, now, metrics, cause, instanceId, version } = options;
  let current = found;
  while (current !== null && !isOver(current)) {
    if (instanceId && current.instance_id && current.instance_id !== instanceId) return null;
    if (instanceId && current.state === 'provisioning') throw new StillProvisioning(`${current.session_id} is being made`);
    if (version !== undefined && current.version !== version) return null;
    const next = overRecord(current, cause, now());
    const update = await store.update(next, current.version);
    // A race is lost only to a write that went through, so that this ends.
    if (update.outcome === 'updated') {
      metrics.ended(next);
      return { ...next, version: update.record.version };
    }
    current = update.outcome === 'lost' ? update.current : null;
  }
  return current;
}
