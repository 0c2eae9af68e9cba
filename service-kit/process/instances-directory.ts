import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** File in a directory of instances that holds the process id of its owner. */
export const ownerFileName = 'owner';

/** False for 0 and for a process that has exited. */
export function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Removes a directory of instances if it is empty, unless it belongs to another running process.
 * Called when an instance was removed; harmless if others use the directory.
 */
export function removeUnusedInstances(directory: string): void {
  try {
    if (readdirSync(directory).some((name) => name !== ownerFileName)) return;
    const owner = Number(readFileSync(join(directory, ownerFileName), 'utf8'));
    if (owner !== process.pid && isRunning(owner)) return;
    rmSync(join(directory, ownerFileName));
    // This fails if an instance was created in the meantime, as it should.
    rmdirSync(directory);
  } catch {
    // Somebody else removed the directory, or uses it again.
  }
}
