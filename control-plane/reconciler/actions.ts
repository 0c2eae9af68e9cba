import type { InstanceId, SessionId, TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { LiveRecord } from '../sessions/termination/cause.ts';

/**
 * What the reconciler does about a session, and why. Kinds and reasons are labels of a metric, so
 * both are bounded sets.
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

/** What the reconciler does about an instance that belongs to no session. */
export type PoolAction =
  | { kind: 'terminate_instance'; reason: 'start_abandoned'; instanceId: InstanceId }
  | { kind: 'retire_instance'; reason: 'old_version' | 'surplus'; instanceId: InstanceId };

export type Action = (SessionAction & { sessionId: SessionId }) | PoolAction;

export interface Rules {
  /** The longest that a create takes until it has finished or failed. */
  provisioningMs: number;
  /** How long the process that is already at work may take to finish by itself. */
  graceMs: number;
  /** How long a step may continue after its session expired. */
  longestStepMs: number;
}
