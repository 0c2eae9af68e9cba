import process from 'node:process';
import type { SupervisorConfig } from '../config.ts';

/**
 * Implements asynchronous context in V8. It is the default from Node 24 on, and unknown to Node 20.
 */
export const contextFramesFlag = '--experimental-async-context-frame';

export type SpawnRequest = {
  epoch: number;
  env: Record<string, string>;
  memoryBytes: number | null;
};

const firstWithContextFrames = 24;
// From this version on V8 maps half a gigabyte of writable memory for the code of each thread.
const firstWithoutDataLimit = 24;
// Memory such as stacks of threads, which is mapped and hardly used.
const untouchedBytes = 76 * 1024 * 1024;
// What Node maps besides a full heap. With less, the garbage collector's own memory runs out first,
// and Node aborts without an explanation.
const besideHeapBytes = 144 * 1024 * 1024;
const heapShare = 0.75;
const nodeMajor = Number.parseInt(process.versions.node, 10);

/** The command that runs the worker's file under this Node, with a limit on its memory. */
export function workerCommand(
  file: string,
  request: SpawnRequest,
): [command: string, arguments: string[]] {
  const given = [...workerFlags(request), file];
  const { memoryBytes } = request;
  if (memoryBytes === null || nodeMajor >= firstWithoutDataLimit) return [process.execPath, given];
  const limitBytes = Math.max(
    memoryBytes * 0.85 + untouchedBytes,
    memoryBytes * heapShare + besideHeapBytes,
  );
  const limitKiB = Math.floor(limitBytes / 1024);
  return ['/bin/sh', ['-c', underDataLimit, String(limitKiB), process.execPath, ...given]];
}

/**
 * Under this limit an array buffer that does not fit is a RangeError. If the limit cannot be set,
 * the worker runs without it. The shell's own variables are removed.
 */
const underDataLimit = 'ulimit -S -d "$0" 2>/dev/null; unset PWD OLDPWD SHLVL; exec "$@"';

/** Flags of Node before the worker's file. */
function workerFlags({ memoryBytes }: SpawnRequest): string[] {
  // V8 terminates an interrupted timer in the middle of its async hook: the check of the hooks'
  // order would abort the process.
  const flags = ['--no-force-async-hooks-checks'];
  if (
    nodeMajor < firstWithContextFrames &&
    process.allowedNodeEnvironmentFlags.has(contextFramesFlag)
  ) {
    flags.push(contextFramesFlag);
  }
  if (memoryBytes !== null)
    flags.push(
      `--max-old-space-size=${Math.max(16, Math.floor((memoryBytes * heapShare) / 1024 / 1024))}`,
    );
  return flags;
}

/**
 * An allow-list of the supervisor's own environment, then the session's variables, then the
 * worker's settings; later ones win.
 */
export function workerEnvironment(
  config: SupervisorConfig,
  { epoch, env }: SpawnRequest,
): Record<string, string> {
  return {
    ...config.inherited,
    HOME: config.workspace,
    ...env,
    STEPPE_INSTANCE_ID: config.instanceId,
    STEPPE_RUN_DIR: config.runDir,
    STEPPE_WORKSPACE: config.workspace,
    STEPPE_EPOCH: String(epoch),
  };
}
