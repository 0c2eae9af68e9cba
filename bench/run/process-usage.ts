import { readFileSync } from 'node:fs';
import { childrenOf } from './process-tree.ts';

/** Linux counts the CPU time of processes in hundredths of a second. */
const ticksPerSecond = 100;

/** User and system time of all threads of a process, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * Memory of processes and of all that they started. What several processes share is divided among
 * them, so that sums are right.
 */
export const treeBytes = (pids: readonly number[]): number =>
  pids
    .flatMap(treeOf)
    .map(proportionalBytes)
    .reduce((sum, bytes) => sum + bytes, 0);

const proportionalBytes = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
};

/** A process, what it started, and what those started. */
const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)];
