import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What an instance occupies on this machine: its processes and its directory. */
export interface Traces {
  pids: number[];
  directory: string | undefined;
}

/** Finds them by an environment variable that the instance and all its processes inherit. */
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

/** The instances whose agents the process has started, for sessions and as warm ones. */
export const instancesOf = (parentPid: number): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parentPid)
    .flatMap(
      (pid) => readEnviron(pid).find((entry) => entry.startsWith('STEPPE_INSTANCE_ID=')) ?? [],
    )
    .map((entry) => entry.slice('STEPPE_INSTANCE_ID='.length));

/** What is still left of the instance. */
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
    // The process exited in the meantime, or belongs to another user.
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
