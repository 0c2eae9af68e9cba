import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemCode } from '../workspace/file-system/file-error.ts';

const run = promisify(execFile);

/**
 * The two FIFOs of a worker, in the place of whatever user code has put there; Node itself cannot
 * make one.
 */
export async function makeFifos(
  runDirectory: string,
  epoch: number,
): Promise<{ out: string; err: string }> {
  const out = join(runDirectory, `${epoch}.out`);
  const err = join(runDirectory, `${epoch}.err`);
  // User code may have taken our own rights to the directory away. One that is not ours it cannot
  // change either.
  await chmod(runDirectory, 0o700).catch(() => {});
  await Promise.all([out, err].map(clear));
  // Without the instance in its environment, by which a supervisor knows what user code has left.
  await run('mkfifo', ['-m', '600', out, err], { timeout: 5_000, env: { PATH: '/usr/bin:/bin' } });
  return { out, err };
}

/**
 * A directory is moved away: to remove all that is in it may take long, or be forbidden. It goes
 * with the run directory.
 */
async function clear(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') await rename(path, `${path}.${randomUUID()}`);
  }
}
