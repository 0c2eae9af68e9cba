import type { InstanceId, SessionId, TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/route-store/live-entry';
import type { LiveRecord } from '../sessions/end-cause.ts';

/** What the reconciler does about a session, and why. Kinds and reasons are labels of a metric: bounded sets. */
export type SessionAct =
  | { kind: 'end_row'; because: 'instance_gone' | 'never_ready' | 'expired'; row: LiveEntry }
  | {
      kind: 'end_instance';
      because: 'no_row' | 'row_over' | 'row_names_another' | 'never_ready' | 'expired';
      instanceId: InstanceId;
    }
  | { kind: 'uncount'; because: 'no_row' | 'row_over'; tenantId: TenantId }
  | { kind: 'count'; because: 'not_counted'; tenantId: TenantId }
  | { kind: 'index_row'; because: 'not_indexed'; row: LiveRecord };

/** What it does about an instance that is no session's. */
export type PoolAct =
  | { kind: 'end_instance'; because: 'start_abandoned'; instanceId: InstanceId }
  | { kind: 'retire_instance'; because: 'old_version'; instanceId: InstanceId };

export type Act = (SessionAct & { sessionId: SessionId }) | PoolAct;

export interface Rules {
  /** A create is over after this, one way or the other. */
  provisioningMs: number;
  /** What whoever is at work already may take to finish by itself. */
  graceMs: number;
  /** How long a step may run on after its session expired. */
  longestStepMs: number;
}
