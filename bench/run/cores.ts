import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Where a process runs: what is measured alone has a core for itself, everything else has the
 * others. A machine with one core has no such choice.
 */
export type Cores = 'subject' | 'rest' | 'all';

/** The command that runs a program on these cores. */
export function onCores(
  cores: Cores,
  command: readonly [string, ...string[]],
  count: number = availableParallelism(),
): [string, ...string[]] {
  if (count < 2) return [...command];
  const lists = { subject: `${count - 1}`, rest: `0-${count - 2}`, all: `0-${count - 1}` };
  return ['taskset', '--cpu-list', lists[cores], ...command];
}

/** Leaves the subject's core to the subject: this process and what it starts run elsewhere. */
export function leaveSubjectCore(): void {
  const [file, ...args] = onCores('rest', ['--all-tasks', '--pid', String(process.pid)]);
  if (file === 'taskset') spawnSync(file, args);
}
