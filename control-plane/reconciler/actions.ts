import type { InstanceId, SessionId, TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { LiveRecord } from '../sessions/termination/cause.ts';

/**
 * What the reconciler does about a session, and why. Kinds and reasons are labels of a metric:
 * bounded sets.
 */
export type SessionAction =
  | { kind: 'terminate_row'; reason: 'instance_gone' | 'never_ready' | 'expired'; row: LiveEntry }
  | {
      kind: 'terminate_instance';
      reason: 'no_row' | 'row_terminal' | 'row_names_another' | 'never_ready' | 'expired';
      instanceId: InstanceId;
    }
  | { kind: 'release_quota'; reason: 'no_row' | 'row_terminal'; tenantId: TenantId }
  | { kind: 'reserve_quota'; reason: 'quota_not_reserved'; tenantId: TenantId }
  | { kind: 'index_row'; reason: 'not_indexed'; row: LiveRecord };

/** What it does about an instance that is no session's. */
export type PoolAction =
  | { kind: 'terminate_instance'; reason: 'start_abandoned'; instanceId: InstanceId }
  | { kind: 'retire_instance'; reason: 'old_version'; instanceId: InstanceId };

export type Action = (SessionAction & { sessionId: SessionId }) | PoolAction;

export interface Rules {
  /** A create has finished or failed after this. */
  provisioningMs: number;
  /** What whoever is at work already may take to finish by itself. */
  graceMs: number;
  /** How long a step may run on after its session expired. */
  longestStepMs: number;
}
