/** A run that is held against what it must not find. */
interface CheckedRun<Run> {
  /** May reject where `stop` ends it early. */
  start: (options: RunOptions) => Promise<Run>;
  failuresOf: (run: Run) => string[];
  describeRun: (run: Run) => string;
}

export interface RunOptions {
  /** Ends it early: nothing is settled, all is put away. */
  stop: AbortSignal;
  say: (line: string) => void;
}

/**
 * The whole of a program: exits 0 where nothing failed, 1 where something did, 130 where a signal
 * came before it was put away.
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
  // One that was stopped after it came to its end may have settled less than it reports.
  if (run === undefined || stopped.signal.aborted) {
    say('stopped before its time');
    process.exitCode = 130;
    return;
  }
  process.stdout.write(`${describeRun(run)}\n`);
  const failures = failuresOf(run);
  for (const failure of failures) say(failure);
  process.stdout.write(failures.length === 0 ? '1 passed, 0 failed\n' : '0 passed, 1 failed\n');
  process.exitCode = failures.length === 0 ? 0 : 1;
}
