import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import type { PoolAction, Rules } from './actions.ts';

export interface PresentRuntimes {
  /** The present version of each runtime, by its name. */
  versions: ReadonlyMap<string, string>;
  /**
   * When this control-plane began, in ms of Unix time: what was made later of another version may
   * be its successor's.
   */
  startedAtMs: number;
}

/** What is to be done about an instance that names no session. */
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
