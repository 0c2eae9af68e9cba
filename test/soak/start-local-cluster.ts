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
import { findAgent } from '../support/processes/instance.ts';
import { leakedDirectories, leakedProcesses } from '../support/processes/instance-leaks.ts';
import { killProcess } from '../support/processes/kill-process.ts';
import { prepareServices } from '../support/processes/services.ts';
import { startBalancer } from '../support/sockets/balancer.ts';
import { addStarts, countStarts, type StartCounts } from './count-starts.ts';
import type { SoakCluster, SoakInstances } from './soak-cluster.ts';

const quota = 8;
/** Time between a kill of the control-plane and its next start. */
const downMs = 500;
/** In proportion to the sessions: nine in ten are Python sessions. */
const runtimes = { python: { pool_size: 8 }, node: { pool_size: 2 } };
const warmInstances = runtimes.python.pool_size + runtimes.node.pool_size;
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

/** Processes of this machine: one control-plane, and a data-plane. */
export async function startLocalCluster(): Promise<SoakCluster> {
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
      instances: processInstances(services.instancesDirectory),
      quota,
      warmInstances,
      tokenFor: services.tokenFor,
      async restartControlPlane() {
        if (stopped) return;
        const restarting = restart().finally(() => starting.delete(restarting));
        starting.add(restarting);
        await restarting;
      },
      async starts() {
        return addStarts([...dead, await countStarts(controlPlane.operatorUrl)]);
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

/** Instances that are processes of this machine. */
const processInstances = (instancesDirectory: string): SoakInstances => ({
  present: async () => new Set(leakedDirectories(instancesDirectory)),
  killAgent(instanceId) {
    const agent = findAgent(instanceId);
    if (agent) killProcess(agent);
  },
  leaked: async () => ({
    processes: leakedProcesses(instancesDirectory).length,
    directories: leakedDirectories(instancesDirectory).length,
  }),
});
