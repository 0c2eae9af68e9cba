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
import { prepareServices, type Service } from '../support/processes/services.ts';
import { startBalancer } from './balancer.ts';
import { countStarts, type StartCounts } from './count-starts.ts';

/** Two control-planes on one table and one directory of instances, and a data-plane before them. */
export interface SoakCluster {
  /** The data-plane. */
  url: string;
  store: SessionStore;
  instancesDirectory: string;
  tokenFor(tenant: string): Promise<string>;
  /** Kills one control-plane and starts another in its place; resolves when that is ready. */
  replaceControlPlane(index: number): Promise<void>;
  /**
   * The starts of sessions so far, those of killed control-planes included up to the moments of
   * their deaths.
   */
  starts(): Promise<StartCounts>;
  /**
   * Ends the services in order, and the processes below them; the store continues. Harmless twice.
   */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export const quota = 8;
/** As the sessions are, of which nine in ten are Python's. */
const runtimes = { python: { pool_size: 8 }, node: { pool_size: 2 } };
export const warmInstances = runtimes.python.pool_size + runtimes.node.pool_size;
/** Short, so that what a kill leaves is repaired while the soak lasts. */
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
  // A notice about Node versions of the coming year.
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
    const controlPlanes = await Promise.all([startControlPlane(), startControlPlane()]);
    const point = () => balancer.pointAt(controlPlanes.map(({ url }) => url));
    point();
    const dataPlane = await services.start('data-plane', {
      ...serviceEnv,
      CONTROL_PLANE_URL: balancer.url,
    });
    const dead: StartCounts[] = [];
    let stopped: Promise<unknown> | undefined;

    const replace = async (index: number, victim: Service) => {
      dead.push(await countStarts(victim.operatorUrl));
      await victim.stop('SIGKILL');
      await delay(500);
      controlPlanes[index] = await startControlPlane();
      point();
    };
    const stop = async () => {
      stopped ??= Promise.allSettled(starting).then(() =>
        Promise.all([...controlPlanes, dataPlane].map((service) => service.stop())),
      );
      await stopped;
    };
    return {
      url: dataPlane.url,
      store: createDynamoDbSessionStore({ client, tableName, timeLimitMs: 20_000, ...realParts }),
      instancesDirectory: services.instancesDirectory,
      tokenFor: services.tokenFor,
      async replaceControlPlane(index) {
        const victim = controlPlanes[index];
        if (!victim || stopped) return;
        const replacing = replace(index, victim).finally(() => starting.delete(replacing));
        starting.add(replacing);
        await replacing;
      },
      async starts() {
        const counts = [
          ...dead,
          ...(await Promise.all(controlPlanes.map(({ operatorUrl }) => countStarts(operatorUrl)))),
        ];
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

/**
 * A Python without what the machine's own has installed and does at its start, which each session
 * would pay for.
 */
async function makePython(): Promise<{ path: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'steppe-soak-python-'));
  await promisify(execFile)('python3', ['-m', 'venv', '--without-pip', directory]);
  return {
    path: join(directory, 'bin', 'python'),
    remove: () => rm(directory, { recursive: true }),
  };
}
