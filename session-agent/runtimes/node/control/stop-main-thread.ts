import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import process from 'node:process';
import { listProcesses } from '../supervise/processes.ts';

/**
 * Signals the child that the main thread waits for in `execSync` and the like, and its descendants.
 * It is the newest child.
 */
export function signalAwaitedChild(signal: NodeJS.Signals): void {
  const child = newestChild();
  if (child === undefined) return;
  for (const pid of [child, ...descendantsOf(child)]) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has exited already.
    }
  }
}

/** Linux lists the children of a thread in the order in which it started them. */
function newestChild(): number | undefined {
  try {
    return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .map(Number)
      .findLast(Boolean);
  } catch {
    return undefined;
  }
}

function descendantsOf(root: number): number[] {
  const processes = listProcesses();
  const found = [root];
  for (const pid of found)
    found.push(...processes.filter(({ parent }) => parent === pid).map((child) => child.pid));
  return found.slice(1);
}

/** Unwinds the JavaScript that the main thread runs, through a separate inspector session. */
export function terminateMainThread(onUnwound: () => void): void {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    onUnwound();
  });
}
