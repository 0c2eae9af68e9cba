import type { InstanceId } from '@steppe/contracts/ids';

/**
 * Instances that passes have missed, though rows name them, while nothing is known of their ends.
 */
export interface MissingInstances {
  /** How long this one has been missed, in ms; 0 at the first time. */
  missedForMs(instanceId: InstanceId, nowMs: number): number;
  /** Forgets those that no row names any more. */
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
