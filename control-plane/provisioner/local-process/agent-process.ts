import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import * as z from 'zod';

export interface AgentExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last output of the agent on standard error. */
  stderrTail: string;
}

export interface AgentProcess {
  /** The port of the agent; rejects if the agent exits before it is ready. */
  port: Promise<number>;
  /** Resolves when the process and its group have exited. */
  exited: Promise<AgentExit>;
  /** Sends SIGTERM, and SIGKILL after `graceMs`. Idempotent, also after the exit. */
  end(): void;
}

export interface SpawnAgentOptions {
  bundle: string;
  cwd: string;
  env: Record<string, string>;
  graceMs: number;
  clock: Clock;
  logger: Logger;
}

const stderrTailLength = 2_048;
const readySchema = z.object({ port: z.number().int().min(1).max(65_535) });
const longestReadyLine = 256;
/** A supervisor that lost its agent needs up to two seconds to end its child processes. */
export const groupExitLimitMs = 3_000;
const lookEveryMs = 20;
/** Time to wait for output of processes that outlive the agent and hold its pipes open. */
export const lateOutputLimitMs = 250;

/**
 * Starts an agent in a separate process session, so that Ctrl-C in a terminal does not signal it
 * directly: this process ends it. Its standard input is a pipe that is never written: when this
 * process exits, even by SIGKILL, the agent reads the end of the pipe and exits too.
 */
export function spawnAgent(options: SpawnAgentOptions): AgentProcess {
  const { bundle, cwd, env, clock, logger } = options;
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
    // Standard error carries failures of the agent or its supervisor, not their logs. Failures are
    // expected while the agent is being ended.
    logger[isEnding ? 'debug' : 'warn']({ text }, 'agent error output');
    stderrTail = (stderrTail + text).slice(-stderrTailLength);
  });
  for (const stream of child.stdio)
    stream?.on('error', (err) => logger.debug({ err }, 'agent pipe'));
  child.once('error', (error) => {
    stderrTail = error.message;
  });
  const exited = awaitExit(child, clock).then((exit) => ({ ...exit, stderrTail }));
  const port = readPort(child);
  // A caller may await the port only after it has been rejected.
  port.catch(() => undefined);
  const end = () => {
    isEnding = true;
    endInTime(child, exited, options);
  };
  return { port, exited, end };
}

/**
 * Reads the one line `{"port":N}` that an agent writes when it is ready.
 * @throws Error if the pipe ends or holds anything else.
 */
async function readPort(child: ChildProcess): Promise<number> {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('the agent has no pipe for its port');
  let line = '';
  for await (const chunk of pipe.setEncoding('utf8')) {
    line += chunk;
    if (line.includes('\n') || line.length > longestReadyLine)
      return readySchema.parse(JSON.parse(line)).port;
  }
  throw new Error('the agent exited before it was ready');
}

async function awaitExit(
  child: ChildProcess,
  clock: Clock,
): Promise<Pick<AgentExit, 'code' | 'signal'>> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  const exit = await new Promise<Pick<AgentExit, 'code' | 'signal'>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // The system refused to create a process.
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  if (child.pid !== undefined) {
    await awaitEmptyGroup(child.pid, clock);
    const late = new AbortController();
    await Promise.race([closed, clock.sleep(lateOutputLimitMs, late.signal).catch(() => {})]);
    late.abort();
  }
  for (const stream of child.stdio) stream?.destroy();
  return exit;
}

/**
 * Waits until the process group is empty, and kills the remaining processes after the limit. The
 * system does not reuse the group's id while the group has members.
 */
async function awaitEmptyGroup(leaderPid: number, clock: Clock): Promise<void> {
  const until = clock.monotonicMs() + groupExitLimitMs;
  while (signalGroup(leaderPid, 0)) {
    if (clock.monotonicMs() > until) {
      signalGroup(leaderPid, 'SIGKILL');
      return;
    }
    await clock.sleep(lookEveryMs);
  }
}

/** False if the group has no process. */
function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leaderPid, signal);
  } catch {
    return false;
  }
}

function endInTime(
  child: ChildProcess,
  exited: Promise<unknown>,
  { clock, graceMs }: Pick<SpawnAgentOptions, 'clock' | 'graceMs'>,
): void {
  if (!child.kill('SIGTERM')) return;
  const cancelKill = clock.after(graceMs, () => child.kill('SIGKILL'));
  runDetached(() => exited.finally(cancelKill));
}
