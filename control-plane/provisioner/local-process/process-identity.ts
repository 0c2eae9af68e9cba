import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** A process, told from every later one that gets its number. */
export const processIdentitySchema = z.object({
  pid: z.number().int().min(1),
  /** When it began, in the kernel's ticks; absent where there is no /proc to say it. */
  startedAt: z.string().optional(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

export function identify(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  return { pid, ...(stat && { startedAt: stat.startedAt }) };
}

/** False of one that has ended, also where nobody has reaped it. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  if (startedAt === undefined) return signalProcess(pid, 0);
  const stat = readStat(pid);
  return stat?.startedAt === startedAt && stat.state !== 'Z' && stat.state !== 'X';
}

/** False where there is no such process. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Source: proc_pid_stat(5). The second field is a name in parentheses, which may hold anything. */
function readStat(pid: number): { state: string; startedAt: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, startedAt] = [fields[0], fields[19]];
    return state && startedAt ? { state, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
