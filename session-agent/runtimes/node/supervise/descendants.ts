import { setTimeout as delay } from 'node:timers/promises';
import { listProcesses, type ProcessEntry } from './processes.ts';

/** The supervisor. */
export type Own = {
  pid: number;
  instanceId: string;
  /** Every other process that can be seen, but the first one, is of the session. */
  ownsNamespace: boolean;
};

const limitMs = 2000;
const pauseMs = 5;

/**
 * Kills everything that user code has started: the supervisor's descendants, and every process with
 * the instance's id in its environment. They are stopped first, so that none can start another
 * meanwhile.
 * @returns true if none is left.
 */
export async function killDescendants(own: Own): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = findDescendants(listProcesses(), own);
    if (found.length === 0) return true;
    if (performance.now() > deadline) return false;
    stopAll(own);
    for (const pid of findDescendants(listProcesses(), own)) signal(pid, 'SIGKILL');
    await delay(pauseMs);
  }
}

/**
 * Whether every process but the first one and the supervisor will be of the session: the supervisor
 * is the first process of a container, or an init like tini is and has started nothing else. To be
 * called before anything else is started.
 */
export function ownsPidNamespace(pid: number, parent: number, processes: ProcessEntry[]): boolean {
  if (pid !== 1 && parent !== 1) return false;
  return processes.length > 0 && processes.every((entry) => entry.pid === 1 || entry.pid === pid);
}

/** Never includes the supervisor and its ancestors: the agent has the same id. */
export function findDescendants(processes: ProcessEntry[], own: Own): number[] {
  const byPid = new Map(processes.map((entry) => [entry.pid, entry]));
  const spared = new Set(lineOf(own.pid, byPid));
  if (own.ownsNamespace)
    return processes.filter(({ pid, ended }) => !spared.has(pid) && !ended).map(({ pid }) => pid);
  // The session cannot have started a process that is older than the supervisor's parent.
  const starter = byPid.get(byPid.get(own.pid)?.parent ?? 0);
  const isYoung = ({ startedAt }: ProcessEntry) => startedAt >= (starter?.startedAt ?? 0);
  const mark = `STEPPE_INSTANCE_ID=${own.instanceId}`;
  return processes
    .filter(({ pid, ended }) => !spared.has(pid) && !ended)
    .filter(
      (entry) =>
        lineOf(entry.pid, byPid).includes(own.pid) || (isYoung(entry) && entry.carries(mark)),
    )
    .map(({ pid }) => pid);
}

/** Repeats until it finds no new process: a stopped one cannot start another. */
function stopAll(own: Own): void {
  const stopped = new Set<number>();
  for (let round = 0; round < 20; round += 1) {
    const fresh = findDescendants(listProcesses(), own).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      stopped.add(pid);
      signal(pid, 'SIGSTOP');
    }
  }
}

/** A process, its parent, and so on. */
function lineOf(pid: number, byPid: ReadonlyMap<number, ProcessEntry>): number[] {
  const line: number[] = [];
  for (let next = byPid.get(pid); next && !line.includes(next.pid); next = byPid.get(next.parent))
    line.push(next.pid);
  return line;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has exited already.
  }
}
