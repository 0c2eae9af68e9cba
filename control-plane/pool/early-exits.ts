import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId } from '@steppe/contracts/ids';
import type { InstanceEnd } from '../provisioner/session-provisioner.ts';

/** Counts warm instances that became ready and then exited before they were claimed. */
export interface EarlyExits {
  /** From now on, the end of this instance counts as an early exit. */
  started(instanceId: InstanceId): void;
  /** Returns whether the end counts. */
  note(end: InstanceEnd): boolean;
  /** The number of consecutive early exits; 0 if there was none since the last call. */
  takeNew(): number;
  /** Resets the count: earlier exits no longer predict later ones. */
  forget(): void;
}

/**
 * An instance that was retired, or lost with its node, would otherwise have lived on, so its end
 * says nothing about the runtime.
 */
const accidents: ReadonlySet<EndedReason> = new Set(['crashed', 'oom_killed', 'evicted']);

export function createEarlyExits(): EarlyExits {
  const started = new Set<InstanceId>();
  let consecutive = 0;
  let hasNew = false;
  return {
    started: (instanceId) => void started.add(instanceId),
    note({ instanceId, sessionId, reason }) {
      if (!started.delete(instanceId) || sessionId || !accidents.has(reason)) return false;
      consecutive += 1;
      hasNew = true;
      return true;
    },
    takeNew() {
      const count = hasNew ? consecutive : 0;
      hasNew = false;
      return count;
    },
    forget() {
      consecutive = 0;
    },
  };
}
