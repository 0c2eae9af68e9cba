/** A run, and what counts as a failure of it. */
interface CheckedRun<Run> {
  /** May reject if `stop` ends it early. */
  start: (options: RunOptions) => Promise<Run>;
  failuresOf: (run: Run) => string[];
  describeRun: (run: Run) => string;
}

export interface RunOptions {
  /** Ends the run early: it settles nothing, but still cleans up. */
  stop: AbortSignal;
  say: (line: string) => void;
}

/**
 * Runs a whole program: exits 0 if nothing failed, 1 if something failed, and 130 if a signal
 * arrived before the run had cleaned up.
 */
export async function runUntilStopped<Run>({
  start,
  failuresOf,
  describeRun,
}: CheckedRun<Run>): Promise<void> {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopped.abort());
  const say = (line: string) => void process.stderr.write(`${line}\n`);

  const run = await start({ stop: stopped.signal, say }).catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
    return undefined;
  });
  // A run that was stopped as it finished may have settled less than it reports.
  if (run === undefined || stopped.signal.aborted) {
    say('stopped before its time');
    process.exitCode = 130;
    return;
  }
  process.stdout.write(`${describeRun(run)}\n`);
  const failures = failuresOf(run);
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  process.stdout.write(failures.length === 0 ? '1 passed, 0 failed\n' : '0 passed, 1 failed\n');
  process.exitCode = failures.length === 0 ? 0 : 1;
}
