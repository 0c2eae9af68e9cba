import type { InstanceId } from '@steppe/contracts/ids';

/** Instances that rows name but that passes did not find, as long as their ends are unknown. */
export interface MissingInstances {
  /** How long this instance has been missing, in ms; 0 at the first call. */
  missedForMs(instanceId: InstanceId, nowMs: number): number;
  /** Forgets the instances that no row names any more. */
  keepOnly(named: ReadonlySet<InstanceId>): void;
}

export function createMissingInstances(): MissingInstances {
  const firstMissedMs = new Map<InstanceId, number>();
  return {
    missedForMs(instanceId, nowMs) {
      const since = firstMissedMs.get(instanceId) ?? nowMs;
      firstMissedMs.set(instanceId, since);
      return nowMs - since;
    },
    keepOnly(named) {
      for (const instanceId of firstMissedMs.keys())
        if (!named.has(instanceId)) firstMissedMs.delete(instanceId);
    },
  };
}
