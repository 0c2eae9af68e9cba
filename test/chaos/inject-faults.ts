import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosSession, FaultGroup, Victims } from './chaos-cluster.ts';

export type FaultCounts = Map<string, number>;

interface InjectOptions<S extends ChaosSession> extends FaultGroup<S> {
  victims: Victims<S>;
  counts: FaultCounts;
  signal: AbortSignal;
}

/**
 * Injects the kinds of faults one after another, each equally often and in random order, and counts
 * those that took effect.
 */
export async function injectFaults<S extends ChaosSession>({
  faults,
  victims,
  counts,
  pauseMs,
  signal,
}: InjectOptions<S>): Promise<void> {
  for (const kind of Object.keys(faults)) counts.set(kind, 0);
  let bag: string[] = [];
  while (!signal.aborted) {
    if (bag.length === 0) bag = shuffle(Object.keys(faults), victims.random);
    const kind = bag.pop() ?? '';
    if (await faults[kind]?.(victims)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    await delay(pauseMs * (0.5 + victims.random()), undefined, { signal }).catch(() => {});
  }
}

function shuffle<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
