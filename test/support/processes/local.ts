import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectTenant, type IssuerKey, newTenant, signToken } from '../api/issuer.ts';
import type { Target } from '../api/target.ts';
import { testEnvironment } from '../config.ts';
import { processInstance } from './instance.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A local mode, started as by `make run`, on a port of its own. */
export interface Local extends Target {
  process: ChildProcess;
  port: number;
  /** What it printed before it was ready for callers. */
  banner: string;
  /** What it printed on standard error so far. */
  stderr(): string;
  /** Shuts it down gracefully. @returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export const localBundle = `${root}dist/local.mjs`;

export async function startLocal(env: Record<string, string> = {}): Promise<Local> {
  const child = spawn(process.execPath, [localBundle], {
    env: testEnvironment({ PORT: '0', STEPPE_ENV: 'test', STEPPE_POOL_SIZE: '0', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a shell would create.
    detached: true,
  });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    process.stderr.write(text);
  });
  const banner = await readBanner(child);
  const url = /^export STEPPE_URL=(\S+)$/m.exec(banner)?.[1];
  if (!url) throw new Error(`the local mode did not start: ${banner}`);
  const port = Number(new URL(url).port);

  const sign: Local['sign'] = async (options) => signToken(readCallerKey(port), options);
  const clientOf = async (tenant: string) => connectTenant(url, readCallerKey(port), tenant);
  return {
    process: child,
    url,
    port,
    banner,
    stderr: () => stderr,
    sign,
    clientOf,
    newClient: () => clientOf(newTenant()),
    instance: processInstance,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

async function readBanner(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no standard output');
  let banner = '';
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on('close', resolve);
    lines.on('line', (line) => {
      banner += `${line}\n`;
      if (line.startsWith('Ctrl-C')) resolve();
    });
  });
  return banner;
}

function readCallerKey(port: number): IssuerKey {
  const run = JSON.parse(readFileSync(`${root}.steppe/${port}.json`, 'utf8'));
  const { kid, private_jwk } = run.key;
  return { ...private_jwk, kid };
}
