import { readdirSync, readFileSync } from 'node:fs';

/** The processes that a process started and that still run. */
export const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    childrenOfThread(`/proc/${pid}/task/${thread}/children`),
  );

function childrenOfThread(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // The thread, or its process, has ended since.
    return [];
  }
}
