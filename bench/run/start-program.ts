import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { testEnvironment } from '../../test/support/config.ts';
import { programPath } from './build-programs.ts';
import { type Cores, onCores } from './cores.ts';
import { until } from './until.ts';

/** A process that the bench started. */
export interface Program {
  child: ChildProcess;
  /** `taskset` and other commands before the program become it, so this is its own id. */
  pid: number;
  stop(): Promise<void>;
}

interface ProgramOptions {
  cores: Cores;
  env?: Record<string, string>;
  args?: readonly string[];
  /** Gives the program a channel for messages. */
  withIpc?: boolean;
  /** Receives its standard output; without it the caller reads that from `child`. */
  logFile?: string;
}

export type NodeCommand = readonly [string, ...string[]];
export const plainNode: NodeCommand = [process.execPath];

/** Starts one of the bench's own programs. */
export const startProgram = (
  name: 'load' | 'bare-proxy' | 'fake-agent',
  { node = plainNode, ...options }: ProgramOptions & { node?: NodeCommand },
): Program => startCommand([...node, programPath(name)], options);

const running = new Set<ChildProcess>();

/** Ends every process that still runs, when the bench itself ends early. */
export function endPrograms(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Starts a command. Its errors go to the bench's own standard error. */
export function startCommand(
  command: readonly [string, ...string[]],
  { cores, env = {}, args = [], withIpc = false, logFile }: ProgramOptions,
): Program {
  const [file, ...rest] = onCores(cores, command);
  const stdout = logFile === undefined ? 'pipe' : openSync(logFile, 'w');
  const child = spawn(file, [...rest, ...args], {
    env: testEnvironment({ AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env }),
    stdio: ['ignore', stdout, 'inherit', ...(withIpc ? (['ipc'] as const) : [])],
  });
  if (child.pid === undefined) throw new Error(`${file} did not start`);
  running.add(child);
  child.once('exit', () => running.delete(child));
  const exited = once(child, 'exit');
  return {
    child,
    pid: child.pid,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
}

const printedPort = /^(\d+)$/m;

/** The port that a program of the bench prints when it listens. */
export const portIn = (logFile: string): Promise<number> =>
  until(() => {
    const port = printedPort.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (port === undefined) throw new Error(`no port in ${logFile}`);
    return Number(port);
  });
