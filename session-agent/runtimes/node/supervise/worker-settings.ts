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
const heapShare = 0.75;
const nodeMajor = Number.parseInt(process.versions.node, 10);

/**
 * Flags of Node before the worker's file. Only the heap has a limit of its own: the supervisor
 * counts what is used, and children would inherit a limit on address space.
 */
export function workerFlags({ memoryBytes }: SpawnRequest): string[] {
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
