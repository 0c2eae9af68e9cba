import type { ListedInstance } from '../provisioner/session-provisioner.ts';
import type { PoolAction, Rules } from './actions.ts';

export interface PresentRuntimes {
  /** The current version of each runtime, by the name of the runtime. */
  versions: ReadonlyMap<string, string>;
  /** How many warm instances of each runtime there should be. */
  poolSizes: ReadonlyMap<string, number>;
  /**
   * When this control-plane started, in ms of Unix time. A later instance of another version may
   * belong to the successor of this control-plane.
   */
  startedAtMs: number;
}

/** Plans the actions for an instance that names no session. */
export function planPooledActions(
  { instanceId, runtime, version, state, createdAtMs }: ListedInstance,
  { versions, startedAtMs }: Pick<PresentRuntimes, 'versions' | 'startedAtMs'>,
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

/**
 * Plans the end of the warm instances of present versions that a pool has too many: control-planes
 * that fill it at the same time start more than are missing. Only those that have been there for
 * longer than a deployment should take: until then, the control-planes before and after it may
 * disagree on the size.
 */
export function planSurplusActions(
  pooled: readonly ListedInstance[],
  { versions, poolSizes }: Pick<PresentRuntimes, 'versions' | 'poolSizes'>,
  nowMs: number,
  { provisioningMs, graceMs }: Rules,
): PoolAction[] {
  return [...poolSizes].flatMap(([runtime, size]) => {
    const warm = pooled.filter(
      (one) =>
        one.state === 'warm' && one.runtime === runtime && one.version === versions.get(runtime),
    );
    return warm
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
      .slice(0, Math.max(0, warm.length - size))
      .filter(({ createdAtMs }) => nowMs - createdAtMs > provisioningMs + graceMs)
      .map(({ instanceId }) => ({ kind: 'retire_instance', reason: 'surplus', instanceId }));
  });
}
