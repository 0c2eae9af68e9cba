import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import { awaitEmptyGroup } from './process-group.ts';
import { readReadyPort } from './read-ready-port.ts';

export interface AgentExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  stderrTail: string;
}

export interface AgentProcess {
  /** Absent where the system refused to make a process. */
  pid: number | undefined;
  /** The port that it listens on; rejects where it ends first. */
  port: Promise<number>;
  /** Resolves when the process and its group are gone. */
  exited: Promise<AgentExit>;
  /** SIGTERM now, SIGKILL after the grace. Harmless twice and after the end. */
  end(): void;
}

export interface SpawnAgentOptions {
  bundle: string;
  cwd: string;
  env: Record<string, string>;
  graceMs: number;
  logger: Logger;
}

const lastWordsLength = 2_048;

/**
 * Starts an agent in a session of its own, so that a terminal's Ctrl-C does not reach it past us.
 * Its standard input is a pipe that is never written: when this process dies, however it does, the
 * agent reads the end and ends too.
 */
export function spawnAgent({ bundle, cwd, env, graceMs, logger }: SpawnAgentOptions): AgentProcess {
  const output = logger.isLevelEnabled('debug') ? 'pipe' : 'ignore';
  const child = spawn(process.execPath, [bundle], {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', output, 'pipe', 'pipe'],
  });
  let stderrTail = '';
  let isEnding = false;
  child.stdout
    ?.setEncoding('utf8')
    .on('data', (text: string) => logger.debug({ text }, 'agent output'));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // No part of its log: what it, or the supervisor of its runtime, cannot do. Of one that is
    // ended, that is not news.
    logger[isEnding ? 'debug' : 'warn']({ text }, 'agent error output');
    stderrTail = (stderrTail + text).slice(-lastWordsLength);
  });
  for (const stream of child.stdio)
    stream?.on('error', (err) => logger.debug({ err }, 'agent pipe'));
  child.once('error', (error) => {
    stderrTail = error.message;
  });
  const exited = awaitExit(child).then((exit) => ({ ...exit, stderrTail }));
  const port = readPort(child);
  // Whoever waits for it may come later than its failure.
  port.catch(() => undefined);
  const end = () => {
    isEnding = true;
    return endInTime(child, exited, graceMs);
  };
  return { pid: child.pid, port, exited, end };
}

async function readPort(child: ChildProcess): Promise<number> {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('the agent has no pipe to say that it is ready');
  return readReadyPort(pipe);
}

/**
 * Pipes may stay open in processes that outlive the agent: what is in them is waited for a moment,
 * not for ever.
 */
async function awaitExit(child: ChildProcess): Promise<Pick<AgentExit, 'code' | 'signal'>> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  const exit = await new Promise<Pick<AgentExit, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // There is no process: the system refused to make one.
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  if (child.pid !== undefined) {
    await awaitEmptyGroup(child.pid);
    await Promise.race([closed, delay(250, undefined, { ref: false })]);
  }
  for (const stream of child.stdio) stream?.destroy();
  return exit;
}

function endInTime(child: ChildProcess, exited: Promise<unknown>, graceMs: number): void {
  if (!child.kill('SIGTERM')) return;
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  runDetached(() => exited.finally(() => clearTimeout(force)));
}
