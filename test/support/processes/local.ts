import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import { type Client, connect } from '../api/client.ts';
import { testEnvironment } from '../config.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A local mode, started as by `make run`, on a port of its own. */
export interface Local {
  process: ChildProcess;
  url: string;
  port: number;
  /** What it printed before it was ready for callers. */
  banner: string;
  /** A client for a tenant of its own, with all scopes. */
  newClient(): Promise<Client>;
  clientOf(tenant: string): Promise<Client>;
  /** Signs any claims with the key that the local mode trusts. */
  sign(options: SignOptions): Promise<string>;
  /** Shuts it down gracefully. @returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

interface SignOptions {
  claims?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  expires?: string | number;
  notBefore?: string;
  key?: CryptoKey;
}

export const localBundle = `${root}dist/local.mjs`;
const allScopes = 'sessions:read sessions:write steps:run';
let tenants = 0;

export function newTenant(): string {
  tenants += 1;
  return `tenant-${process.pid}-${tenants}`;
}

export async function startLocal(env: Record<string, string> = {}): Promise<Local> {
  const child = spawn(process.execPath, [localBundle], {
    env: testEnvironment({ PORT: '0', STEPPE_ENV: 'test', STEPPE_POOL_SIZE: '0', ...env }),
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, as a shell would create.
    detached: true,
  });
  const exited = once(child, 'exit');
  const banner = await readBanner(child);
  const url = /^export STEPPE_URL=(\S+)$/m.exec(banner)?.[1];
  if (!url) throw new Error(`the local mode did not start: ${banner}`);
  const port = Number(new URL(url).port);

  const sign: Local['sign'] = async ({
    claims = {},
    issuer = 'steppe-local',
    audience = 'steppe',
    expires = '10m',
    notBefore,
    key: own,
  }) => {
    const { key, kid } = await readCallerKey(port);
    const jwt = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(issuer)
      .setAudience(audience);
    jwt.setIssuedAt().setExpirationTime(expires);
    if (notBefore) jwt.setNotBefore(notBefore);
    return jwt.sign(own ?? key);
  };
  const clientOf = async (tenant: string) =>
    connect(url, await sign({ claims: { tenant, scope: allScopes } }));
  return {
    process: child,
    url,
    port,
    banner,
    sign,
    clientOf,
    newClient: () => clientOf(newTenant()),
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

async function readCallerKey(port: number): Promise<{ key: CryptoKey; kid: string }> {
  const run = JSON.parse(readFileSync(`${root}.steppe/${port}.json`, 'utf8'));
  const { kid, private_jwk } = run.key;
  return { key: (await importJWK(private_jwk, 'EdDSA')) as CryptoKey, kid };
}
