import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createIds } from '@steppe/contracts/ids';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import type { KubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/kube-api';
import { kubeRoleRules } from '@steppe/control-plane/provisioner/kubernetes/api/kube-role';
import { systemClock } from '@steppe/service-kit/process/clock';
import { localAccess, type RunningDynamoDb } from '@steppe/session-store/dynalite/start-dynalite';
import { createDynamoDbClient } from '@steppe/session-store/dynamodb/create-client';
import {
  prepareServices,
  type Service,
  type Services,
} from '../../../support/processes/services.ts';
import { createAccount } from '../../support/account.ts';
import { images } from '../../support/config.ts';
import { loadAdmin } from '../../support/namespaces.ts';
import { createSessionNamespace } from '../../support/session-namespace.ts';
import { removePods } from '../simulated/pods.ts';
import { type ApiProxy, startApiProxy } from './api-proxy.ts';
import { type StoreProxy, startStoreProxy } from './store-proxy.ts';
import { startTable } from './table-process.ts';
import { createRecorder, type Recorder } from './work.ts';

/** Control-planes in processes of their own, and all their requests to the API server and the table. */
export interface RecordedControlPlane {
  recorder: Recorder;
  api: ApiProxy;
  store: StoreProxy;
  /** Around the proxies, to prepare what a control-plane finds. */
  admin: { api: KubeApi; dynamoDb: DynamoDBClient; tableName: string };
  start(): Promise<void>;
  stop(): Promise<void>;
  call(tenant: string, method: string, path: string): Promise<Response>;
  /** The sum of the samples whose names and labels begin like this. */
  metric(prefix: string): Promise<number>;
  /** The longest turn of the event loop since the start. */
  longestTurnMs(): number;
  close(): Promise<void>;
}

/** @param warmPods real pods that each keeps warm. */
export async function prepareControlPlane(warmPods: number): Promise<RecordedControlPlane> {
  const recorder = createRecorder();
  const table = await startTable();
  const store = await startStoreProxy(table.endpoint, recorder);
  const services = await prepareServices(async () => ({ ...store, tableName: table.tableName }));
  const namespace = await createSessionNamespace('scale', {
    'control-plane': readKeys(services.directory, 'control-plane'),
    'data-plane': readKeys(services.directory, 'data-plane'),
  });
  const account = await createAccount(namespace.name, kubeRoleRules);
  const api = await startApiProxy(account(), recorder);
  const token = account().getCurrentUser()?.token ?? '';
  const admin = openAdmin(namespace.name, table);
  const environment = {
    SESSIONS_NAMESPACE: namespace.name,
    ...writeConfiguration(services.directory, kubeconfigOf(api.endpoint, token), warmPods),
  };
  return {
    recorder,
    api,
    store,
    admin,
    ...createRunner(services, environment),
    async close() {
      await services.close();
      await api.close();
      admin.dynamoDb.destroy();
      await table.close();
      await removePods(namespace.name);
      await admin.api.close();
      await namespace.delete();
    },
  };
}

type Runner = Pick<RecordedControlPlane, 'start' | 'stop' | 'call' | 'metric' | 'longestTurnMs'>;

function createRunner(services: Services, environment: Record<string, string>): Runner {
  let service: Service | undefined;
  let longestTurnMs = 0;
  const running = (): Service => {
    if (!service) throw new Error('no control-plane runs');
    return service;
  };
  return {
    longestTurnMs: () => longestTurnMs,
    async start() {
      service = await services.start('control-plane', environment);
      longestTurnMs = 0;
    },
    async stop() {
      await service?.stop();
      service = undefined;
    },
    async metric(prefix) {
      const text = await (await fetch(`${running().operatorUrl}/metrics`)).text();
      // Each read begins a new interval of this one.
      const turnMs = 1000 * sumOf(text, 'nodejs_eventloop_lag_max_seconds{');
      longestTurnMs = Math.max(longestTurnMs, turnMs);
      return sumOf(text, prefix);
    },
    async call(tenant, method, path) {
      const authorization = `Bearer ${await services.tokenFor(tenant)}`;
      return fetch(`${running().url}${path}`, { method, headers: { authorization } });
    },
  };
}

function openAdmin(namespace: string, table: RunningDynamoDb): RecordedControlPlane['admin'] {
  const parts = { clock: systemClock, ids: createIds(systemClock) };
  return {
    api: createClientKubeApi({ ...parts, namespace, load: loadAdmin }),
    dynamoDb: createDynamoDbClient({
      ...localAccess,
      endpoint: table.endpoint,
      attemptTimeoutMs: 30_000,
    }),
    tableName: table.tableName,
  };
}

/** @returns the variables of a control-plane. */
function writeConfiguration(
  directory: string,
  kubeconfig: string,
  warmPods: number,
): Record<string, string> {
  const paths = {
    KUBECONFIG: join(directory, 'kubeconfig.json'),
    STEPPE_RUNTIMES: join(directory, 'runtimes.json'),
  };
  writeFileSync(paths.KUBECONFIG, kubeconfig);
  const python = { image: images().python, pool_size: warmPods };
  writeFileSync(paths.STEPPE_RUNTIMES, JSON.stringify({ python, node: null, 'python-data': null }));
  return {
    ...paths,
    PROVISIONER: 'kubernetes',
    AGENT_IMAGE: images().agent,
    ROUTE_ADDRESS: 'pod',
    RECONCILE_INTERVAL_SECONDS: '1',
  };
}

const readKeys = (directory: string, plane: string): { keys: object[] } =>
  JSON.parse(readFileSync(join(directory, 'public', `${plane}.json`), 'utf8'));

const kubeconfigOf = (server: string, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // client-node speaks plain HTTP to no other server.
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'control-plane', user: { token } }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'control-plane' } }],
    'current-context': 'proxy',
  });

function sumOf(metrics: string, prefix: string): number {
  const samples = metrics.split('\n').filter((line) => line.startsWith(prefix));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
