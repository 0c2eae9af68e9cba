import { createRandom } from '../../support/random.ts';

/** Draws of one purpose. Streams of one seed are independent, so one more draw shifts no other. */
export interface RandomStream {
  /** At least 0 and less than 1. */
  next(): number;
  /** An integer, at least 0 and less than `below`. */
  int(below: number): number;
  chance(probability: number): boolean;
  between(low: number, high: number): number;
  /** @throws RangeError if the list is empty. */
  pick<T>(list: readonly T[]): T;
}

export function createRandomStream(seed: number, purpose: string): RandomStream {
  const next = createRandom(mix(seed, purpose));
  const int = (below: number) => Math.floor(next() * below);
  return {
    next,
    int,
    // An impossible event draws nothing: a kind of fault that is off shifts no draw of the others.
    chance: (probability) => probability > 0 && next() < probability,
    between: (low, high) => low + next() * (high - low),
    pick(list) {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      const picked = list[int(list.length)];
      return picked as (typeof list)[number];
    },
  };
}

/** FNV-1a over the purpose, from the seed. */
function mix(seed: number, purpose: string): number {
  let hash = Math.imul(seed ^ 0x811c9dc5, 0x9e3779b1);
  for (const char of purpose) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash;
}
