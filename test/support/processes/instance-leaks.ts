import { readdirSync, readFileSync } from 'node:fs';

/** Processes that were started below the directory and still run. */
export function leakedProcesses(instancesDirectory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => readEnviron(pid).includes(`=${instancesDirectory}/`));
  return found.map(Number);
}

export function leakedDirectories(instancesDirectory: string): string[] {
  try {
    return readdirSync(instancesDirectory).filter((name) => name.startsWith('ins_'));
  } catch {
    return [];
  }
}

/** False if the process, or the group of a negative number, has ended. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function readEnviron(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // The process exited in the meantime, or belongs to another user.
    return '';
  }
}
