import { readFileSync } from 'node:fs';

export type MemoryUsage = { usedBytes: number; limitBytes: number };

/**
 * Reads the memory figures of this container's root cgroup, version 1 or 2; zero and null if there
 * are none.
 */
export function createContainerMemory(cgroupDir: string): ContainerMemory {
  const read = (name: string): string =>
    readIfThere(`${cgroupDir}/${name}`) ?? readIfThere(`${cgroupDir}/memory/${name}`) ?? '';
  return {
    usage() {
      const limitBytes = parseLimit(read('memory.max') || read('memory.limit_in_bytes'));
      const allBytes = Number.parseInt(read('memory.current') || read('memory.usage_in_bytes'), 10);
      if (limitBytes === null || Number.isNaN(allBytes)) return null;
      // The kernel reclaims the page cache before it runs out of memory.
      const stat = read('memory.stat');
      const cacheBytes = ['active_file', 'inactive_file'].reduce(
        (sum, key) => sum + (fieldOf(stat, `total_${key}`) ?? fieldOf(stat, key) ?? 0),
        0,
      );
      return { usedBytes: Math.max(0, allBytes - cacheBytes), limitBytes };
    },
    oomKills: () => fieldOf(read('memory.events') || read('memory.oom_control'), 'oom_kill') ?? 0,
  };
}

export type ContainerMemory = {
  /** Null if there is no limit. */
  usage(): MemoryUsage | null;
  /** How many processes the out-of-memory killer has killed so far. */
  oomKills(): number;
};

/** "max" in version 2, about 2^63 in version 1: no limit. */
function parseLimit(text: string): number | null {
  const bytes = Number.parseInt(text, 10);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

function fieldOf(text: string, key: string): number | undefined {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
