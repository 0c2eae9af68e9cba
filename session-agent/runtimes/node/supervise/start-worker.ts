import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import process from 'node:process';
import type { SupervisorConfig } from '../config.ts';
import { type SpawnRequest, workerEnvironment, workerFlags } from './worker-settings.ts';

/**
 * Starts `worker.*` beside the supervisor's own file, with the FIFOs as its output.
 * @throws if they have no reader.
 */
export function startWorker(config: SupervisorConfig, request: SpawnRequest): ChildProcess {
  const ownFile = process.argv[1] ?? '';
  const workerFile = join(dirname(ownFile), `worker${extname(ownFile)}`);
  const opened: number[] = [];
  try {
    for (const suffix of ['out', 'err'])
      opened.push(openForWriting(join(config.runDir, `${request.epoch}.${suffix}`)));
    return spawn(process.execPath, [...workerFlags(request), workerFile], {
      cwd: config.workspace,
      env: workerEnvironment(config, request),
      stdio: ['ignore', ...opened],
      // The worker gets its own process group: signals that a terminal sends to the agent's group
      // must not reach it.
      detached: true,
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * Opens a blocking descriptor, but never blocks on a FIFO without a reader: the first open fails
 * then. The second open is of the same FIFO on Linux, even if its name was replaced meanwhile.
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
