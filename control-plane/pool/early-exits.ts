import type { EndedReason } from '@steppe/contracts/end-reason';
import type { InstanceId } from '@steppe/contracts/ids';
import type { InstanceEnd } from '../provisioner/session-provisioner.ts';

/** Warm instances that became ready and exited by themselves before they were claimed. */
export interface EarlyExits {
  /** From now on its end counts. */
  started(instanceId: InstanceId): void;
  /** True of an end that counts. */
  note(end: InstanceEnd): boolean;
  /** How many there were in a row where one is new since the last call; else 0. */
  takeNew(): number;
  /** What happened before is no sign of what comes. */
  forget(): void;
}

/** Those that were retired, or lost with whoever ran them, could have lived. */
const accidents: ReadonlySet<EndedReason> = new Set(['crashed', 'oom_killed', 'evicted']);

export function createEarlyExits(): EarlyExits {
  const started = new Set<InstanceId>();
  let inARow = 0;
  let hasNew = false;
  return {
    started: (instanceId) => void started.add(instanceId),
    note({ instanceId, sessionId, reason }) {
      if (!started.delete(instanceId) || sessionId || !accidents.has(reason)) return false;
      inARow += 1;
      hasNew = true;
      return true;
    },
    takeNew() {
      const count = hasNew ? inARow : 0;
      hasNew = false;
      return count;
    },
    forget() {
      inARow = 0;
    },
  };
}
