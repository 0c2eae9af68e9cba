import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The two FIFOs of a worker, in the place of whatever is there; Node itself cannot make one. */
export async function makeFifos(runDirectory: string, epoch: number): Promise<{ out: string; err: string }> {
  const out = join(runDirectory, `${epoch}.out`);
  const err = join(runDirectory, `${epoch}.err`);
  await Promise.all([out, err].map((path) => rm(path, { recursive: true, force: true })));
  // Without the instance in its environment, by which a supervisor knows what user code has left.
  await run('mkfifo', ['-m', '600', out, err], { timeout: 5_000, env: { PATH: '/usr/bin:/bin' } });
  return { out, err };
}
