import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TargetInstance } from '../api/target.ts';

/** What this machine shows about the instance that serves a session. */
export interface RunningInstance {
  agentPid: number;
  /** Everything that belongs to the instance, the workspace included. */
  directory: string;
  workspace: string;
}

/** The processes whose environment names the instance. */
function processesOf(instanceId: string): number[] {
  return pids().filter((pid) => environmentOf(pid).STEPPE_INSTANCE_ID === instanceId);
}

/** The process of the agent; undefined if it does not run. */
export const findAgent = (instanceId: string): number | undefined =>
  // Only the agent itself has the path of the keys in its environment.
  processesOf(instanceId).find((pid) => environmentOf(pid).STEPPE_KEYS_DIR);

/** @throws Error if no agent with that id runs. */
export function findInstance(instanceId: string | null): RunningInstance {
  const agentPid = findAgent(instanceId ?? '');
  const { STEPPE_KEYS_DIR: keys, STEPPE_WORKSPACE: workspace } = environmentOf(agentPid ?? 0);
  if (agentPid && keys && workspace) return { agentPid, directory: dirname(keys), workspace };
  throw new Error(`no agent of ${instanceId} runs`);
}

/** True if no process and no directory of the instance is left. */
export const isGone = (instanceId: string, { agentPid, directory }: RunningInstance): boolean =>
  !existsSync(`/proc/${agentPid}`) &&
  processesOf(instanceId).length === 0 &&
  !existsSync(directory);

/** The instance as the processes of this machine show it, found now. */
export function processInstance(instanceId: string | null): TargetInstance {
  const instance = findInstance(instanceId);
  return {
    killAgent: () => process.kill(instance.agentPid, 'SIGKILL'),
    async expectGone() {
      if (!isGone(instanceId ?? '', instance)) throw new Error(`${instanceId} is not gone`);
    },
  };
}

/** Resident memory of a process, at present or at its peak. */
export function residentBytes(pid: number, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const kilobytes = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )?.[1];
  return Number(kilobytes) * 1024;
}

/** The targets of the open descriptors of a process. */
export const openFiles = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) =>
    unlessGone(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)], []),
  );

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function environmentOf(pid: number): Record<string, string> {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'utf8'), '');
  return Object.fromEntries(
    text
      .split('\0')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
