import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '@steppe/service-kit/logger';
import { delay } from '../deferred.ts';

interface SupervisorProcessOptions {
  command: readonly [string, ...string[]];
  env: Record<string, string>;
  cwd: string;
  logger: Logger;
  onGaveUp: (detail: string) => void;
}

const failuresBeforeGivingUp = 3;
const healthyMs = 10_000;

/**
 * Keeps the supervisor running as a child, in local mode: in a pod it is the other container. Its standard input is its
 * lifeline: the pipe's end, whatever became of us, ends it and all that it started.
 */
export function superviseLocally({ command, env, cwd, logger, onGaveUp }: SupervisorProcessOptions): { close(): Promise<void> } {
  let child: ChildProcess | undefined;
  let closing = false;
  let failures = 0;
  const [file, ...args] = command;

  const start = () => {
    const startedAt = Date.now();
    const started = spawn(file, args, { cwd, env, stdio: ['pipe', 'ignore', 'inherit'] });
    child = started;
    started.stdin?.on('error', () => {});
    let ended = false;
    const onEnd = async (detail: string) => {
      if (ended) return;
      ended = true;
      if (closing) return;
      failures = Date.now() - startedAt < healthyMs ? failures + 1 : 1;
      logger.warn({ detail, failures }, 'supervisor ended');
      if (failures >= failuresBeforeGivingUp) return onGaveUp(detail);
      await delay(100 * failures);
      if (!closing) start();
    };
    started.once('error', (error) => void onEnd(`${file} cannot be started: ${error.message}`));
    started.once('exit', (code, signal) => void onEnd(`${file} ended with ${signal ?? `exit code ${code}`}`));
  };
  start();

  return {
    async close() {
      closing = true;
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null || last.pid === undefined) return;
      const exited = new Promise((resolve) => last.once('exit', resolve));
      last.stdin?.end();
      last.kill('SIGTERM');
      const cut = setTimeout(() => last.kill('SIGKILL'), 4_000);
      await exited;
      clearTimeout(cut);
    },
  };
}
