import { type ChildProcess, spawn } from 'node:child_process';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import { delay } from '../deferred.ts';

interface SupervisorProcessOptions {
  command: readonly [string, ...string[]];
  env: Record<string, string>;
  cwd: string;
  logger: Logger;
  onGaveUp: (detail: string) => void;
}

export interface SupervisorProcess {
  /** Its worker is ready: whatever ends it from now on is no failure to start. */
  healthy(): void;
  /** For one that does not respond to commands: the next one is started. */
  kill(): void;
  /** The end of what it wrote to standard error. */
  logTail(): string;
  close(): Promise<void>;
}

const failuresBeforeGivingUp = 3;
const logTailLength = 2_048;

/**
 * Keeps the supervisor running as a child, in local mode: in a pod it is the other container. Its
 * standard input is its lifeline: the pipe's end, whatever became of us, ends it and all that it
 * started. Three in a row that end before their worker was ready are given up.
 */
export function superviseLocally({
  command,
  env,
  cwd,
  logger,
  onGaveUp,
}: SupervisorProcessOptions): SupervisorProcess {
  let child: ChildProcess | undefined;
  let closing = false;
  let failures = 0;
  let log = '';
  const [file, ...args] = command;

  const start = () => {
    // One that knows to be the first looks for nothing that another has left.
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
      if (failures >= failuresBeforeGivingUp) return onGaveUp(detail);
      await delay(100 * failures);
      if (!closing) start();
    };
    started.once('error', (error) =>
      runDetached(() => onEnd(`${file} cannot be started: ${error.message}`)),
    );
    // What it wrote last has been read by then; a process that it left may hold the pipe open, and
    // is not waited for.
    started.once('exit', (code, signal) => {
      const detail = `${file} ended with ${signal ?? `exit code ${code}`}`;
      started.once('close', () => runDetached(() => onEnd(detail)));
      runDetached(() => delay(200).then(() => onEnd(detail)));
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
      const cut = setTimeout(() => last.kill('SIGKILL'), 4_000);
      await exited;
      clearTimeout(cut);
    },
  };
}
