import type { Ids } from '@steppe/contracts/ids';
import { connectProvisioner } from '@steppe/control-plane/provisioner/kubernetes/open-kubernetes';
import { builtInRuntimes } from '@steppe/control-plane/runtimes/built-in-runtimes';
import { findRuntime } from '@steppe/control-plane/runtimes/find-runtime';
import { toSessionRuntime } from '@steppe/control-plane/runtimes/session-runtime';
import { startControlPlane } from '@steppe/control-plane/start-control-plane';
import { defaultTuning } from '@steppe/data-plane/data-plane-config';
import { startDataPlane } from '@steppe/data-plane/start-data-plane';
import {
  createDynamoDbRouteReader,
  createDynamoDbSessionStore,
} from '@steppe/session-store/dynamodb/dynamodb-session-store';
import { Registry } from 'prom-client';
import { tenantVerifier } from '../../../control-plane/testing/tenant-verifier.ts';
import type { TableModel } from '../models/dynamodb/table-model.ts';
import type { ClusterModel } from '../models/kubernetes/cluster-model.ts';
import { podTemplate } from '../models/kubernetes/pod-template.ts';
import { createSimulatedSigner } from './simulated-credentials.ts';
import { createSimulatedLogger } from './simulated-logger.ts';
import type { Simulation } from './simulation.ts';
import { controlPlaneTimes, poolSize, sessionQuota } from './timing.ts';

export interface PlaneParts extends Simulation {
  ids: Ids;
  table: TableModel;
  cluster: ClusterModel;
}

export interface RunningPlane {
  close(): Promise<void>;
}

const [controlPlanePort, dataPlanePort, operatorPort] = [8081, 8080, 9090];
/** The name that the data-planes resolve. */
export const controlPlaneHost = 'control-plane';

const runtime = {
  ...findRuntime(builtInRuntimes(poolSize), 'python'),
  image: 'localhost/runtime:1',
};

const podConfig = {
  config: { routeAddress: 'service', longestLifeMs: 90_000_000 },
  template: podTemplate,
  podRuntimes: [runtime],
} as const;

/** Starts a control-plane in the current process, as its main.ts does. */
export async function bootControlPlane(
  { kernel, clock, history, network, ids, table, cluster }: PlaneParts,
  host: string,
): Promise<RunningPlane> {
  const logger = createSimulatedLogger(kernel, history, kernel.current.name);
  const registry = new Registry();
  const shared = { network: network.networkOf(host), clock, ids, logger, registry };
  const running = await startControlPlane(
    {
      host,
      port: controlPlanePort,
      operatorPort,
      runtimes: [toSessionRuntime(runtime, 'simulated')],
      limits: { ...controlPlaneTimes, sessionsPerTenant: sessionQuota, ttlSeconds: 86_400 },
      poolStartsAtOnce: 2,
      reconciler: controlPlaneTimes,
      shutdownMs: 5_000,
    },
    {
      ...shared,
      store: createDynamoDbSessionStore({ client: table.sender, clock, ids }),
      provisioner: connectProvisioner(cluster.kubeApi({ clock, ids }), podConfig, shared),
      verifier: tenantVerifier,
      signer: createSimulatedSigner('control-plane'),
    },
  );
  running.fillPool();
  return running;
}

/** Starts a data-plane in the current process, as its main.ts does. */
export function bootDataPlane(
  { kernel, clock, history, network, ids, table }: PlaneParts,
  host: string,
): Promise<RunningPlane> {
  return startDataPlane(
    {
      ...defaultTuning,
      // Its memory is allocated at each start.
      routeCache: { ...defaultTuning.routeCache, max: 1_000 },
      host,
      port: dataPlanePort,
      operatorPort,
      controlPlaneUrl: `http://${controlPlaneHost}:${controlPlanePort}`,
      docsDirectory: '',
      shutdownLimitMs: 3_000,
    },
    {
      routes: createDynamoDbRouteReader({ client: table.sender, clock }),
      verifier: tenantVerifier,
      signer: createSimulatedSigner('data-plane'),
      logger: createSimulatedLogger(kernel, history, kernel.current.name),
      network: network.networkOf(host),
      clock,
      ids,
      registry: new Registry(),
    },
  );
}

export const dataPlaneUrl = (host: string): string => `http://${host}:${dataPlanePort}`;
