import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import type { PoolAct, Rules } from './acts.ts';

/** What is to be done about an instance that names no session. @param versions the present one of each runtime, by its name. */
export function judgePooled(
  { instanceId, runtime, version, state, createdAtMs }: ListedInstance,
  versions: ReadonlyMap<string, string>,
  nowMs: number,
  { provisioningMs, graceMs }: Rules,
): PoolAct[] {
  const ageMs = nowMs - createdAtMs;
  if (state === 'starting' && ageMs > provisioningMs + graceMs) {
    return [{ kind: 'end_instance', because: 'start_abandoned', instanceId }];
  }
  if (state === 'warm' && version !== versions.get(runtime) && ageMs > graceMs) {
    return [{ kind: 'retire_instance', because: 'old_version', instanceId }];
  }
  return [];
}
