import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { realParts } from '@steppe/service-kit/testing/real-parts';
import { localAccess } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import { createDynamoDbSessionStore } from '@steppe/session-store/dynamodb/dynamodb-session-store';
import type { SessionStore } from '@steppe/session-store/ports';
import { prepareServices } from '../support/processes/services.ts';
import { startBalancer } from './balancer.ts';
import { countStarts, type StartCounts } from './count-starts.ts';

/** One control-plane, which is killed and started again, and a data-plane in front of it. */
export interface SoakCluster {
  /** The data-plane. */
  url: string;
  store: SessionStore;
  instancesDirectory: string;
  tokenFor(tenant: string): Promise<string>;
  /** Kills the control-plane and starts it again; resolves when it is ready. */
  restartControlPlane(): Promise<void>;
  /** The starts of sessions so far, including those that the killed control-planes had counted. */
  starts(): Promise<StartCounts>;
  /** Stops the services and the processes below them; the store continues. Harmless twice. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export const quota = 8;
/** Time between a kill of the control-plane and its next start. */
const downMs = 500;
/** In proportion to the sessions: nine in ten are Python sessions. */
const runtimes = { python: { pool_size: 8 }, node: { pool_size: 2 } };
export const warmInstances = runtimes.python.pool_size + runtimes.node.pool_size;
/** Short, so that the reconciler repairs what a kill leaves while the soak lasts. */
const controlPlaneEnv = {
  SESSIONS_PER_TENANT: String(quota),
  PROVISIONING_LIMIT_SECONDS: '15',
  END_LIMIT_SECONDS: '10',
  SHUTDOWN_LIMIT_SECONDS: '5',
  RECONCILE_INTERVAL_SECONDS: '5',
  RECONCILE_LEASE_SECONDS: '10',
  RECONCILE_GRACE_SECONDS: '3',
};
const serviceEnv = {
  LOG_LEVEL: 'error',
  // Suppresses a notice of the SDK about Node versions.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

export async function startSoakCluster(): Promise<SoakCluster> {
  const services = await prepareServices();
  const python = await makePython();
  const balancer = await startBalancer();
  const { endpoint, tableName } = services.dynamoDb;
  const client = createDynamoDbClient({ ...localAccess, endpoint, attemptTimeoutMs: 10_000 });
  const starting = new Set<Promise<unknown>>();
  const closeStore = async () => {
    client.destroy();
    await balancer.close();
    await services.close();
    await python.remove();
  };
  try {
    const runtimesFile = join(services.directory, 'runtimes.json');
    await writeFile(runtimesFile, JSON.stringify(runtimes));
    const env = {
      ...serviceEnv,
      ...controlPlaneEnv,
      STEPPE_PYTHON: python.path,
      STEPPE_RUNTIMES: runtimesFile,
    };
    const startControlPlane = () => services.start('control-plane', env);
    let controlPlane = await startControlPlane();
    const point = () => balancer.pointAt([controlPlane.url]);
    point();
    const dataPlane = await services.start('data-plane', {
      ...serviceEnv,
      CONTROL_PLANE_URL: balancer.url,
    });
    const dead: StartCounts[] = [];
    let stopped: Promise<unknown> | undefined;

    const restart = async () => {
      dead.push(await countStarts(controlPlane.operatorUrl));
      await controlPlane.stop('SIGKILL');
      await delay(downMs);
      controlPlane = await startControlPlane();
      point();
    };
    const stop = async () => {
      stopped ??= Promise.allSettled(starting).then(() =>
        Promise.all([controlPlane.stop(), dataPlane.stop()]),
      );
      await stopped;
    };
    return {
      url: dataPlane.url,
      store: createDynamoDbSessionStore({ client, tableName, timeLimitMs: 20_000, ...realParts }),
      instancesDirectory: services.instancesDirectory,
      tokenFor: services.tokenFor,
      async restartControlPlane() {
        if (stopped) return;
        const restarting = restart().finally(() => starting.delete(restarting));
        starting.add(restarting);
        await restarting;
      },
      async starts() {
        const counts = [...dead, await countStarts(controlPlane.operatorUrl)];
        const sum = (of: keyof StartCounts) => counts.reduce((total, each) => total + each[of], 0);
        return { warm: sum('warm'), cold: sum('cold') };
      },
      stop,
      async close() {
        await stop();
        await closeStore();
      },
    };
  } catch (error) {
    await closeStore();
    throw error;
  }
}

/** A Python without the machine's site packages, which would slow the start of every session. */
async function makePython(): Promise<{ path: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'steppe-soak-python-'));
  await promisify(execFile)('python3', ['-m', 'venv', '--without-pip', directory]);
  return {
    path: join(directory, 'bin', 'python'),
    remove: () => rm(directory, { recursive: true }),
  };
}
