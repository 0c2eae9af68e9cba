import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import process from 'node:process';
import type { SupervisorConfig } from '../config.ts';
import { type SpawnRequest, workerCommand, workerEnvironment } from './worker-command.ts';

/**
 * Starts `worker.*` beside the supervisor's own file, with the FIFOs as its output. Throws where
 * there is no reader on them.
 */
export function startWorker(config: SupervisorConfig, request: SpawnRequest): ChildProcess {
  const ownFile = process.argv[1] ?? '';
  const workerFile = join(dirname(ownFile), `worker${extname(ownFile)}`);
  const opened: number[] = [];
  try {
    for (const suffix of ['out', 'err'])
      opened.push(openForWriting(join(config.runDir, `${request.epoch}.${suffix}`)));
    return spawn(...workerCommand(workerFile, request), {
      cwd: config.workspace,
      env: workerEnvironment(config, request),
      stdio: ['ignore', ...opened],
      // A session of its own: what a terminal sends to the agent's process group is not for user
      // code.
      detached: true,
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * A blocking descriptor, without ever blocking on a FIFO that nobody reads: the first open finds
 * out. Linux opens that same FIFO a second time, whatever stands in its place by then.
 */
function openForWriting(fifo: string): number {
  const probe = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(probe).isFIFO()) throw new Error(`${fifo} is not a FIFO`);
    return openSync(
      process.platform === 'linux' ? `/proc/self/fd/${probe}` : fifo,
      constants.O_WRONLY,
    );
  } finally {
    closeSync(probe);
  }
}
