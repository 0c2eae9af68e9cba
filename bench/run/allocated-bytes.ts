/** Starts Node so that its output says what it allocates; a line is written as soon as it ends. */
export const tracingNode = ['stdbuf', '--output=L', process.execPath, '--trace-gc'] as const;

const gcLine =
  /^\[\d+:0x[0-9a-f]+\] +(?<ms>\d+) ms: (?:Scavenge|Mark-Compact)[^\n]*? (?<before>\d+\.\d) \(\d+\.\d\) -> (?<after>\d+\.\d) \(/gm;

export interface Allocated {
  bytes: number;
  /** From the first collection that the trace shows to the last. */
  seconds: number;
}

/**
 * What a process allocated on V8's heap, from the output of `--trace-gc`: by how much the heap grew
 * between each collection and the next one. Unlike a sampling profiler it slows nothing down, and
 * it misses only what lives outside the heap, such as the bytes of large buffers.
 * @returns undefined if there are not two collections
 */
export function allocatedBytes(trace: string): Allocated | undefined {
  const collections = [...trace.matchAll(gcLine)].map(({ groups }) => ({
    ms: Number(groups?.ms),
    beforeMb: Number(groups?.before),
    afterMb: Number(groups?.after),
  }));
  const [first] = collections;
  const last = collections.at(-1);
  if (!first || !last || first === last) return undefined;
  const grownMb = collections
    .slice(1)
    .reduce((sum, { beforeMb }, at) => sum + beforeMb - (collections[at]?.afterMb ?? 0), 0);
  return { bytes: grownMb * 1024 * 1024, seconds: (last.ms - first.ms) / 1000 };
}
