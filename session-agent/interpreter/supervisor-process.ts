import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';

interface SupervisorProcessOptions {
  command: readonly [string, ...string[]];
  env: Record<string, string>;
  cwd: string;
  clock: Clock;
  logger: Logger;
  onGaveUp: (detail: string) => void;
}

export interface SupervisorProcess {
  /** Its worker is ready: a later exit is not a failed start. */
  healthy(): void;
  /** Kills an unresponsive supervisor; it is then restarted. */
  kill(): void;
  /** The last lines of its standard error. */
  logTail(): string;
  close(): Promise<void>;
}

/** Gives up after this many exits in a row before a worker was ready. */
const maxFailures = 3;
/** The delay before the first restart; it grows with each failure. */
const restartBackoffMs = 100;
/** A process that it left behind may keep standard error open: it is read for at most this time. */
const lastOutputLimitMs = 200;
/** A supervisor that has not exited after this time is killed. */
export const supervisorCloseLimitMs = 4_000;
const logTailLength = 2_048;

/**
 * Keeps the supervisor running as a child process in local mode; in a pod it is another container.
 * Its standard input is a lifeline: when the agent dies the pipe closes, and the supervisor
 * terminates with all that it started.
 */
export function superviseLocally({
  command,
  env,
  cwd,
  clock,
  logger,
  onGaveUp,
}: SupervisorProcessOptions): SupervisorProcess {
  let child: ChildProcess | undefined;
  let closing = false;
  let failures = 0;
  let log = '';
  const [file, ...args] = command;

  const start = () => {
    // Only later ones have to look for processes that their predecessor left behind.
    const own = { ...env, STEPPE_SUPERVISOR_START: child ? 'again' : 'first' };
    const started = spawn(file, args, { cwd, env: own, stdio: ['pipe', 'ignore', 'pipe'] });
    child = started;
    started.stdin?.on('error', () => {});
    started.stderr?.on('error', () => {});
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      process.stderr.write(text);
      log = (log + text).slice(-logTailLength);
    });
    let ended = false;
    const onEnd = async (detail: string) => {
      if (ended || closing) return;
      ended = true;
      failures += 1;
      logger.warn({ detail, failures }, 'supervisor exited');
      if (failures >= maxFailures) return onGaveUp(detail);
      await clock.sleep(restartBackoffMs * failures);
      if (!closing) start();
    };
    started.once('error', (error) =>
      runDetached(() => onEnd(`${file} could not be started: ${error.message}`)),
    );
    // At `close` its last output has been read.
    started.once('exit', (code, signal) => {
      const detail = `${file} exited with ${signal ?? `exit code ${code}`}`;
      started.once('close', () => runDetached(() => onEnd(detail)));
      clock.after(lastOutputLimitMs, () => runDetached(() => onEnd(detail)));
    });
  };
  start();

  return {
    healthy() {
      failures = 0;
    },
    kill: () => void child?.kill('SIGKILL'),
    logTail: () => log,
    async close() {
      closing = true;
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null || last.pid === undefined)
        return;
      const exited = new Promise((resolve) => last.once('exit', resolve));
      last.stdin?.end();
      last.kill('SIGTERM');
      const cancel = clock.after(supervisorCloseLimitMs, () => last.kill('SIGKILL'));
      await exited;
      cancel();
    },
  };
}
