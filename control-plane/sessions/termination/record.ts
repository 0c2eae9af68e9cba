import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { LiveSessions, SessionWriter } from '@steppe/session-store/ports';
import type { SessionMetrics } from '../session-metrics.ts';
import {
  isTerminal,
  type LiveRecord,
  type TerminalRecord,
  type TerminationCause,
  terminalRecord,
} from './cause.ts';

interface RecordTerminationOptions {
  store: SessionWriter & LiveSessions;
  metrics: SessionMetrics;
  now: () => number;
  sessionId: SessionId;
  cause: TerminationCause;
  /** Whose end it is: only if the row is ready and names this instance. */
  instanceId?: InstanceId;
  /** Only if the row still is this one. */
  version?: number;
  /** The row, where it was read just now. */
  found?: SessionRecord;
  /**
   * What a write that may still come would make of the row: where there is none, the row is written
   * as over, so that whichever of the two writes comes second fails.
   */
  unwritten?: LiveRecord;
}

interface TerminationResult {
  /** The row; null where there is none or it is not the one that was meant. */
  terminal: TerminalRecord | null;
  /** False where the session was terminal already. */
  isNew: boolean;
}

/**
 * The session may still get another instance: only its create knows, or the reconciler where that
 * died.
 */
export class StillProvisioningError extends Error {
  override readonly name = 'StillProvisioningError';
}

/**
 * Records an end once, and takes the session out of its tenant's quota, also where it was terminal
 * already. Idempotent. Gives the row, or null where there is none or it is not the one that was
 * meant.
 * @throws StillProvisioningError for the end of an instance, as long as it cannot be said what it
 * means.
 */
export async function recordTermination(
  options: RecordTerminationOptions,
): Promise<TerminalRecord | null> {
  const { terminal } = await writeTermination(options);
  if (terminal) await options.store.removeLive(terminal.tenant_id, terminal.session_id);
  return terminal;
}

/**
 * Records an end in the row alone; that of a terminal session stays as it is. Idempotent.
 * @throws StillProvisioningError as `recordTermination` does.
 */
export async function writeTermination(
  options: RecordTerminationOptions,
): Promise<TerminationResult> {
  const { store, now, metrics, sessionId, cause, instanceId, version, found, unwritten } = options;
  let current: SessionRecord | null = found ?? (await store.get(sessionId, { consistent: true }));
  if (current === null && unwritten) {
    const terminal = terminalRecord(unwritten, cause, now());
    if ((await store.create(terminal)) === 'created') {
      metrics.ended(terminal);
      return { terminal, isNew: true };
    }
    current = await store.get(sessionId, { consistent: true });
  }
  while (current !== null && !isTerminal(current)) {
    if (instanceId && current.instance_id && current.instance_id !== instanceId)
      return { terminal: null, isNew: false };
    if (instanceId && current.state === 'provisioning')
      throw new StillProvisioningError(`${current.session_id} is being made`);
    if (version !== undefined && current.version !== version)
      return { terminal: null, isNew: false };
    const next = terminalRecord(current, cause, now());
    const update = await store.update(next, current.version);
    // A race is lost only to a write that went through, so that this ends.
    if (update.outcome === 'updated') {
      metrics.ended(next);
      return { terminal: { ...next, version: update.record.version }, isNew: true };
    }
    current = update.outcome === 'lost' ? update.current : null;
  }
  return { terminal: current, isNew: false };
}
