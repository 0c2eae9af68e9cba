import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keySetOf, makeInternalKeyPair } from '@steppe/service-kit/testing/internal-key-pair';
import { type RunningDynamoDb, startDynalite } from '@steppe/session-store/dynalite/start-dynalite';
import { SignJWT } from 'jose';
import { testEnvironment } from '../config.ts';
import { freePort } from '../sockets/free-port.ts';

const dist = fileURLToPath(new URL('../../../dist/', import.meta.url));

/**
 * Services that run from their bundles in separate processes, as in a cluster, and are configured
 * only by their environment.
 */
export interface Services {
  dynamoDb: RunningDynamoDb;
  /** Holds the keys: `public/<plane>.json` and `<plane>.private.json`. */
  directory: string;
  /** The directory of a control-plane's instances, if no other control-plane runs. */
  instancesDirectory: string;
  /** The environment of each service, except for its ports. */
  environment(name: 'control-plane' | 'data-plane'): Record<string, string>;
  start(name: 'control-plane' | 'data-plane', env?: Record<string, string>): Promise<Service>;
  tokenFor(tenant: string): Promise<string>;
  close(): Promise<void>;
}

export interface Service {
  url: string;
  operatorUrl: string;
  /** The lines of its log so far. */
  log(): Record<string, unknown>[];
  hasExited(): boolean;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** @param startStore starts the DynamoDB of the services, which is closed with them. */
export async function prepareServices(
  startStore: () => Promise<RunningDynamoDb> = startDynalite,
): Promise<Services> {
  const directory = mkdtempSync(join(tmpdir(), 'steppe-services-'));
  const publicKeys = join(directory, 'public');
  const instances = `/tmp/steppe-${randomUUID().slice(0, 13)}`;
  mkdirSync(publicKeys);
  const writeKeys = async (name: string) => {
    const { privateKey, privateJwk, publicJwk } = await makeInternalKeyPair(name);
    writeFileSync(join(directory, `${name}.private.json`), JSON.stringify(privateJwk));
    writeFileSync(join(publicKeys, `${name}.json`), keySetOf(publicJwk));
    return privateKey;
  };
  const [callerKey] = await Promise.all([
    writeKeys('caller'),
    writeKeys('control-plane'),
    writeKeys('data-plane'),
  ]);
  const dynamoDb = await startStore();
  const running: Service[] = [];

  const environment: Services['environment'] = (name) => ({
    STEPPE_ENV: 'test',
    HOST: '127.0.0.1',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    DYNAMODB_ENDPOINT: dynamoDb.endpoint,
    SESSIONS_TABLE: dynamoDb.tableName,
    INTERNAL_KEY_FILE: join(directory, `${name}.private.json`),
    JWT_ISSUER: 'https://issuer.test',
    JWT_AUDIENCE: 'steppe',
    JWKS_FILE: join(publicKeys, 'caller.json'),
    ...(name === 'control-plane' && {
      PROVISIONER: 'local-process',
      AGENT_BUNDLE: `${dist}session-agent.cjs`,
      RUNTIMES_DIR: `${dist}runtimes`,
      PUBLIC_KEYS_DIR: publicKeys,
      INSTANCES_DIR: instances,
      STEPPE_POOL_SIZE: '0',
    }),
  });

  /** Instances have one owner, so a second control-plane gets a directory of its own. */
  const owners = new Map<string, Service>();
  const freeDirectory = (): string => {
    for (let number = 1; ; number += 1) {
      const directory = number === 1 ? instances : `${instances}-${number}`;
      if (owners.get(directory)?.hasExited() ?? true) return directory;
    }
  };
  const startOnce = async (
    name: 'control-plane' | 'data-plane',
    env: Record<string, string>,
  ): Promise<Service> => {
    const [port, operatorPort] = await Promise.all([freePort(), freePort()]);
    const instancesDirectory = env.INSTANCES_DIR ?? freeDirectory();
    const child = spawn(process.execPath, [`${dist}${name}.mjs`], {
      env: testEnvironment({
        ...environment(name),
        ...(name === 'control-plane' && { INSTANCES_DIR: instancesDirectory }),
        PORT: String(port),
        OPERATOR_PORT: String(operatorPort),
        ...env,
      }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const service = toService(child, port, operatorPort);
    running.push(service);
    if (name === 'control-plane') owners.set(instancesDirectory, service);
    await untilReady(child, service.operatorUrl);
    return service;
  };
  // Another process may take a free port before the service listens on it.
  const start: Services['start'] = (name, env = {}) =>
    startOnce(name, env).catch(() => startOnce(name, env));

  return {
    dynamoDb,
    directory,
    instancesDirectory: instances,
    environment,
    start,
    tokenFor: (tenant) =>
      new SignJWT({ tenant, scope: 'sessions:read sessions:write steps:run' })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'caller' })
        .setIssuer('https://issuer.test')
        .setAudience('steppe')
        .setExpirationTime('10m')
        .sign(callerKey),
    async close() {
      await Promise.all(running.map((service) => service.stop()));
      await dynamoDb.close();
      rmSync(directory, { recursive: true });
    },
  };
}

function toService(child: ChildProcess, port: number, operatorPort: number): Service {
  const exited = once(child, 'exit');
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  let log = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    operatorUrl: `http://127.0.0.1:${operatorPort}`,
    log: () => log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : [])),
    hasExited,
    async stop(signal = 'SIGTERM') {
      if (!hasExited()) child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

async function untilReady(child: ChildProcess, operatorUrl: string): Promise<void> {
  for (;;) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`the service ended with ${ended}`);
    const response = await fetch(`${operatorUrl}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
