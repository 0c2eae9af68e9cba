import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import type { PoolAction, Rules } from './actions.ts';

export interface PresentRuntimes {
  /** The current version of each runtime, by the name of the runtime. */
  versions: ReadonlyMap<string, string>;
  /**
   * When this control-plane started, in ms of Unix time. A later instance of another version may
   * belong to the successor of this control-plane.
   */
  startedAtMs: number;
}

/** Plans the actions for an instance that names no session. */
export function planPooledActions(
  { instanceId, runtime, version, state, createdAtMs }: ListedInstance,
  { versions, startedAtMs }: PresentRuntimes,
  nowMs: number,
  { provisioningMs, graceMs }: Rules,
): PoolAction[] {
  const ageMs = nowMs - createdAtMs;
  if (state === 'starting' && ageMs > provisioningMs + graceMs) {
    return [{ kind: 'terminate_instance', reason: 'start_abandoned', instanceId }];
  }
  const isOld = version !== versions.get(runtime) && createdAtMs < startedAtMs;
  if (state === 'warm' && isOld && ageMs > graceMs) {
    return [{ kind: 'retire_instance', reason: 'old_version', instanceId }];
  }
  return [];
}
