import { readdirSync, readFileSync } from 'node:fs';

export type ProcessEntry = {
  pid: number;
  parent: number;
  /** Its process group. */
  group: number;
  ended: boolean;
  /** In ticks since boot. */
  startedAt: number;
  /** Reads the environment that it was started with, which is slow for many processes. */
  carries(variable: string): boolean;
};

/**
 * The processes in /proc; none if there is no /proc. A process that exits meanwhile is left out.
 */
export function listProcesses(): ProcessEntry[] {
  const entries = attempt(() => readdirSync('/proc')) ?? [];
  return entries.flatMap((name) => (/^\d+$/.test(name) ? (readEntry(Number(name)) ?? []) : []));
}

function readEntry(pid: number): ProcessEntry | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return undefined;
  // The command in parentheses may contain anything, even parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '0', group = '0'] = fields;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    ended: state === 'Z' || state === 'X',
    startedAt: Number(fields[19]),
    carries: (variable) =>
      attempt(() => readFileSync(`/proc/${pid}/environ`, 'latin1'))
        ?.split('\0')
        .includes(variable) ?? false,
  };
}

function attempt<T>(callback: () => T): T | undefined {
  try {
    return callback();
  } catch {
    return undefined;
  }
}
