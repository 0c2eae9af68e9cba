import type { InstanceId, SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { LiveSessions, SessionWriter } from '@steppe/session-store/ports';
import type { SessionMetrics } from '../session-metrics.ts';
import {
  isTerminal,
  type LiveRecord,
  type TerminalRecord,
  type TerminationCause,
  terminalRecord,
} from './cause.ts';

/** What the recording of a termination needs. */
export interface TerminationServices {
  store: SessionWriter & LiveSessions;
  metrics: SessionMetrics;
  clock: Pick<Clock, 'now'>;
}

export interface Termination {
  sessionId: SessionId;
  cause: TerminationCause;
  /** The instance that ended. Recorded only if the row is ready and names this instance. */
  instanceId?: InstanceId;
  /** Recorded only if the row still has this version. */
  version?: number;
  /** The row, if it was just read. */
  found?: SessionRecord;
  /**
   * The row that a write still in flight would create. If there is no row, this one is written as
   * terminal, so that the later of the two writes fails.
   */
  unwritten?: LiveRecord;
}

interface TerminationResult {
  /** The terminal row; null if there is no row or it does not match the request. */
  terminal: TerminalRecord | null;
  /** False if the session was already terminal. */
  isNew: boolean;
}

/**
 * The session may still get another instance. Only its create knows, or the reconciler if the
 * process of the create died.
 */
export class StillProvisioningError extends Error {
  override readonly name = 'StillProvisioningError';
}

/**
 * Records a termination once and releases the session's place in the quota of its tenant, even if
 * the session was already terminal. Idempotent. Returns the terminal row, or null if there is no
 * row or it does not match the request.
 * @throws StillProvisioningError if an instance ended while its session is still provisioning.
 */
export async function recordTermination(
  services: TerminationServices,
  termination: Termination,
): Promise<TerminalRecord | null> {
  const { terminal } = await writeTermination(services, termination);
  if (terminal) await services.store.removeLive(terminal.tenant_id, terminal.session_id);
  return terminal;
}

/**
 * Records a termination in the row only. A row that is already terminal stays as it is. Idempotent.
 * @throws StillProvisioningError as `recordTermination` does.
 */
export async function writeTermination(
  { store, metrics, clock }: TerminationServices,
  { sessionId, cause, instanceId, version, found, unwritten }: Termination,
): Promise<TerminationResult> {
  let current: SessionRecord | null = found ?? (await store.get(sessionId, { consistent: true }));
  if (current === null && unwritten) {
    const terminal = terminalRecord(unwritten, cause, clock.now());
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
      throw new StillProvisioningError(`${current.session_id} is still provisioning`);
    if (version !== undefined && current.version !== version)
      return { terminal: null, isNew: false };
    const next = terminalRecord(current, cause, clock.now());
    const update = await store.update(next, current.version);
    // Only a write that succeeded wins the race, so this loop ends.
    if (update.outcome === 'updated') {
      metrics.ended(next);
      return { terminal: { ...next, version: update.record.version }, isNew: true };
    }
    current = update.outcome === 'lost' ? update.current : null;
  }
  return { terminal: current, isNew: false };
}
