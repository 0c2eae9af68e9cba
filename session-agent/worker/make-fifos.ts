import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The two FIFOs of a worker; Node itself cannot make one. */
export async function makeFifos(runDirectory: string, epoch: number): Promise<{ out: string; err: string }> {
  const out = join(runDirectory, `${epoch}.out`);
  const err = join(runDirectory, `${epoch}.err`);
  await run('mkfifo', ['-m', '600', out, err], { timeout: 5_000 });
  return { out, err };
}
