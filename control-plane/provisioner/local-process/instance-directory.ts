import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface InstanceDirectory {
  root: string;
  run: string;
  workspace: string;
  keys: string;
  terminationFile: string;
}

export const instanceDirectory = (root: string): InstanceDirectory => ({
  root,
  run: join(root, 'run'),
  workspace: join(root, 'workspace'),
  keys: join(root, 'keys'),
  terminationFile: join(root, 'termination'),
});

/** Makes what is to be in `root`, which is there. */
export async function fillInstanceDirectory({
  run,
  workspace,
  keys,
}: InstanceDirectory): Promise<void> {
  await Promise.all([run, workspace, keys].map((path) => mkdir(path, { mode: 0o700 })));
}

/**
 * Removes it whole, also while something still writes there (for three seconds), and whatever modes
 * user code has set.
 * @throws the system's error where it stays.
 */
export async function removeTree(root: string): Promise<void> {
  const remove = () => rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  try {
    await remove();
  } catch {
    await openUp(root);
    await remove().catch(async (error: unknown) => {
      if (!(await removeByStep(root))) throw error;
    });
  }
}

/**
 * Node names each entry by its whole path, which may be longer than the system takes; `rm` goes
 * down a directory at a time.
 */
async function removeByStep(root: string): Promise<boolean> {
  const [code] = await once(spawn('rm', ['-rf', '--', root], { stdio: 'ignore' }), 'exit');
  return code === 0;
}

/**
 * Gives the owner every right to the directories, without which what is in them cannot be removed.
 */
async function openUp(directory: string): Promise<void> {
  try {
    await chmod(directory, 0o700);
    const entries = await readdir(directory, { withFileTypes: true });
    await Promise.all(
      entries
        .filter((entry) => entry.isDirectory())
        .map((entry) => openUp(join(directory, entry.name))),
    );
  } catch {
    // It vanished meanwhile, or the removal that follows will say what is wrong.
  }
}
