import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What an instance has on this machine: its processes, and its directory. */
export interface Traces {
  pids: number[];
  directory: string | undefined;
}

/** Finds them by the environment that the instance and all that it starts carry. */
export function tracesOf(instanceId: string): Traces {
  const found = processes().filter(({ environ }) =>
    environ.includes(`STEPPE_INSTANCE_ID=${instanceId}`),
  );
  const runDirectory = found
    .flatMap(({ environ }) => environ)
    .find((entry) => entry.startsWith('STEPPE_RUN_DIR='))
    ?.slice('STEPPE_RUN_DIR='.length);
  return { pids: found.map(({ pid }) => pid), directory: runDirectory?.replace(/\/run$/, '') };
}

/** The instances whose agents that process has started: of its sessions, and warm ones. */
export const instancesOf = (parentPid: number): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parentPid)
    .flatMap(
      (pid) => readEnviron(pid).find((entry) => entry.startsWith('STEPPE_INSTANCE_ID=')) ?? [],
    )
    .map((entry) => entry.slice('STEPPE_INSTANCE_ID='.length));

/** What is left of it now. */
export const leftOf = (before: Traces, instanceId: string): string[] => [
  ...tracesOf(instanceId).pids.map((pid) => `process ${pid}`),
  ...(before.directory && existsSync(before.directory) ? [before.directory] : []),
];

const processes = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), environ: readEnviron(pid) }));

function readEnviron(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile, or is another user's.
    return [];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
