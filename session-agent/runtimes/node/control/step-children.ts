import { readFileSync } from 'node:fs';
import process from 'node:process';
import { listProcesses, type ProcessEntry } from '../supervise/processes.ts';

/**
 * The processes that the running step has started. An interrupt signals them as Ctrl-C does in a
 * terminal: not those of earlier steps, nor those that have left the process group.
 */
export function createStepChildren(): StepChildren {
  let earlier: readonly number[] = [];
  let awaited: ProcessEntry[] = [];
  return {
    stepBegins() {
      earlier = childrenOfMainThread();
      awaited = [];
    },
    interrupt() {
      const children = childrenOfMainThread().filter((pid) => !earlier.includes(pid));
      if (children.length > 0)
        signalAll(withDescendants(children, listProcesses()).filter(isInOwnGroup), 'SIGINT');
    },
    signalAwaited(signal) {
      const processes = listProcesses();
      // A shell that has exited leaves children behind, which keep its output open.
      const left = processes.filter((entry) => awaited.some((known) => isSame(known, entry)));
      awaited = [...left, ...withDescendants(childrenOfMainThread().slice(-1), processes)];
      signalAll(awaited, signal);
    },
  };
}

export type StepChildren = {
  /** The children that exist now are those of earlier steps. */
  stepBegins(): void;
  interrupt(): void;
  /**
   * Signals the child that the main thread waits for in `execSync` and the like, and its
   * descendants. It is the newest child.
   */
  signalAwaited(signal: NodeJS.Signals): void;
};

/** Linux lists the children of a thread in the order in which it started them. */
function childrenOfMainThread(): number[] {
  try {
    return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function withDescendants(
  children: readonly number[],
  processes: readonly ProcessEntry[],
): ProcessEntry[] {
  const found = processes.filter(({ pid }) => children.includes(pid));
  for (const { pid } of found) found.push(...processes.filter(({ parent }) => parent === pid));
  return found;
}

/** A worker leads its process group. */
const isInOwnGroup = ({ group }: ProcessEntry): boolean => group === process.pid;

/** Process ids are used again. */
const isSame = (one: ProcessEntry, other: ProcessEntry): boolean =>
  one.pid === other.pid && one.startedAt === other.startedAt;

function signalAll(entries: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  for (const { pid } of entries) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has exited already.
    }
  }
}
