import type { Created } from './sessions-client.ts';
import type { WayName } from './ways-to-end.ts';

/** What happened so far. */
export interface SoakTally {
  requested(created: Created): void;
  ended(way: WayName): void;
  killed(): void;
  /** A response came that nothing explains. */
  surprised(what: string): void;
  readonly created: number;
  readonly full: number;
  readonly broken: readonly string[];
  readonly surprises: readonly string[];
  readonly kills: number;
  readonly ways: ReadonlyMap<WayName, number>;
}

export function createTally(): SoakTally {
  const counts = { created: 0, full: 0, kills: 0 };
  const [broken, surprises]: [string[], string[]] = [[], []];
  const ways = new Map<WayName, number>();
  return {
    requested(created) {
      if (created.outcome === 'broken') broken.push(created.why);
      else counts[created.outcome] += 1;
    },
    ended: (way) => void ways.set(way, (ways.get(way) ?? 0) + 1),
    killed: () => {
      counts.kills += 1;
    },
    surprised: (what) => void surprises.push(what),
    get created() {
      return counts.created;
    },
    get full() {
      return counts.full;
    },
    get kills() {
      return counts.kills;
    },
    broken,
    surprises,
    ways,
  };
}
