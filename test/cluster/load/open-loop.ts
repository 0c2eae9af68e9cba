import { setTimeout as delay } from 'node:timers/promises';

interface Rate {
  perSecond: number;
  count: number;
}

/** Milliseconds since an action was due. */
export type SinceDue = () => number;

/**
 * Starts each action when it is due, even if those before it have not ended. Durations count from
 * the due time, so that an action that starts late takes longer.
 */
export function runAtRate<T>(
  { perSecond, count }: Rate,
  action: (index: number, sinceDue: SinceDue) => Promise<T>,
): Promise<T[]> {
  const startedAt = performance.now();
  const runWhenDue = async (_: unknown, index: number) => {
    const dueAt = startedAt + (index * 1000) / perSecond;
    await delay(Math.max(0, dueAt - performance.now()));
    return action(index, () => performance.now() - dueAt);
  };
  return Promise.all(Array.from({ length: count }, runWhenDue));
}

/** Starts all actions at once. */
export const runBurst = <T>(
  count: number,
  action: (index: number, sinceDue: SinceDue) => Promise<T>,
): Promise<T[]> => runAtRate({ perSecond: Number.POSITIVE_INFINITY, count }, action);
