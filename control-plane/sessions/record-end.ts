import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { LiveSessions, RouteWriter } from '@steppe/route-store/ports';
import { type EndCause, isOver, type LiveRecord, type OverRecord, overRecord } from './end-cause.ts';
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
  /** The row, where it was read just now. */
  found?: SessionRecord;
  /**
   * What a write that may still come would make of the row: where there is none, the row is written as over, so that whichever
   * of the two writes comes second fails.
   */
  unwritten?: LiveRecord;
}

interface Recorded {
  /** The row; null where there is none or it is not the one that was meant. */
  over: OverRecord | null;
  /** False where the session was over already. */
  isNew: boolean;
}

/** The session may yet do without the instance that ended: only its create knows, or the reconciler where that died. */
export class StillProvisioning extends Error {
  override readonly name = 'StillProvisioning';
}

/**
 * Records an end once, and takes the session out of its tenant's quota, also where it was over already. Idempotent. Gives the row,
 * or null where there is none or it is not the one that was meant.
 * @throws StillProvisioning for the end of an instance, as long as it cannot be said what it means.
 */
export async function recordEnd(options: RecordEndOptions): Promise<OverRecord | null> {
  const { over } = await writeEnd(options);
  if (over) await options.store.removeLive(over.tenant_id, over.session_id);
  return over;
}

/**
 * Records an end in the row alone; that of a session that is over stays as it is. Idempotent.
 * @throws StillProvisioning as `recordEnd` does.
 */
export async function writeEnd(options: RecordEndOptions): Promise<Recorded> {
  const { store, now, metrics, sessionId, cause, instanceId, version, found, unwritten } = options;
  let current: SessionRecord | null = found ?? (await store.get(sessionId, { consistent: true }));
  if (current === null && unwritten) {
    const over = overRecord(unwritten, cause, now());
    if ((await store.create(over)) === 'created') {
      metrics.ended(over);
      return { over, isNew: true };
    }
    current = await store.get(sessionId, { consistent: true });
  }
  while (current !== null && !isOver(current)) {
    if (instanceId && current.instance_id && current.instance_id !== instanceId) return { over: null, isNew: false };
    if (instanceId && current.state === 'provisioning') throw new StillProvisioning(`${current.session_id} is being made`);
    if (version !== undefined && current.version !== version) return { over: null, isNew: false };
    const next = overRecord(current, cause, now());
    const update = await store.update(next, current.version);
    // A race is lost only to a write that went through, so that this ends.
    if (update.outcome === 'updated') {
      metrics.ended(next);
      return { over: { ...next, version: update.record.version }, isNew: true };
    }
    current = update.outcome === 'lost' ? update.current : null;
  }
  return { over: current, isNew: false };
}
