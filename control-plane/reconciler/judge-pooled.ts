import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import type { PoolAct, Rules } from './acts.ts';

export interface PresentRuntimes {
  /** The present version of each runtime, by its name. */
  versions: ReadonlyMap<string, string>;
  /** When this control-plane began, in ms of Unix time: what was made later of another version may be its successor's. */
  startedAtMs: number;
}

/** What is to be done about an instance that names no session. */
export function judgePooled(
  { instanceId, runtime, version, state, createdAtMs }: ListedInstance,
  { versions, startedAtMs }: PresentRuntimes,
  nowMs: number,
  { provisioningMs, graceMs }: Rules,
): PoolAct[] {
  const ageMs = nowMs - createdAtMs;
  if (state === 'starting' && ageMs > provisioningMs + graceMs) {
    return [{ kind: 'end_instance', because: 'start_abandoned', instanceId }];
  }
  const isOld = version !== versions.get(runtime) && createdAtMs < startedAtMs;
  if (state === 'warm' && isOld && ageMs > graceMs) {
    return [{ kind: 'retire_instance', because: 'old_version', instanceId }];
  }
  return [];
}
