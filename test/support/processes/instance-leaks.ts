import { readdirSync, readFileSync } from 'node:fs';

/** Processes that were started below that directory, and still are. */
export function leakedProcesses(instancesDirectory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => readEnviron(pid).includes(`=${instancesDirectory}/`)).map(Number);
}

export function leakedDirectories(instancesDirectory: string): string[] {
  try {
    return readdirSync(instancesDirectory).filter((name) => name.startsWith('ins_'));
  } catch {
    return [];
  }
}

function readEnviron(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    // It ended meanwhile, or is another user's.
    return '';
  }
}
