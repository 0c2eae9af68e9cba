import { readdirSync, readFileSync } from 'node:fs';
import { tracesOf } from '../../../support/processes/traces.ts';

const roles = ['agent', 'supervisor', 'worker'] as const;
export type Role = (typeof roles)[number];

/**
 * The three processes of an instance that can be killed. A process that is still starting is
 * missing.
 */
function processesOf(instanceId: string): Partial<Record<Role, number>> {
  const parents = new Map(tracesOf(instanceId).pids.map((pid) => [pid, parentOf(pid)]));
  const found: Partial<Record<Role, number>> = {};
  let above: number | undefined;
  for (const role of roles) {
    const pid: number | undefined = [...parents.keys()].find((one) => {
      const parent = parents.get(one);
      return above === undefined
        ? parent !== undefined && !parents.has(parent) && isAgent(one)
        : parent === above;
    });
    if (pid === undefined) break;
    found[role] = pid;
    above = pid;
  }
  return found;
}

/** The instances in a directory whose supervisor command contains the text. */
export function instancesOf(instancesDirectory: string, command: string): string[] {
  return readdirSync(instancesDirectory).filter(
    (name) =>
      name.startsWith('ins_') &&
      tracesOf(name).pids.some((pid) => contentOf(pid, 'cmdline').includes(command)),
  );
}

/** @throws Error if it does not run now. */
export function pidOf(instanceId: string, role: Role): number {
  const pid = processesOf(instanceId)[role];
  if (pid === undefined) throw new Error(`${instanceId} has no ${role}`);
  return pid;
}

/** Sends SIGKILL. @returns false if there was no process to kill. */
export function killRole(instanceId: string, role: Role): boolean {
  const pid = processesOf(instanceId)[role];
  try {
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  } catch {
    // It exited in the meantime.
    return false;
  }
}

const isAgent = (pid: number): boolean => contentOf(pid, 'cmdline').includes('session-agent.cjs');

/** The fourth field of /proc/<pid>/stat; the second, a name in brackets, may contain anything. */
function parentOf(pid: number): number | undefined {
  const fields = contentOf(pid, 'stat').split(') ').at(-1)?.split(' ');
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}

function contentOf(pid: number, file: 'stat' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
