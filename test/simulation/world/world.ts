import type { Ids } from '@steppe/contracts/ids';
import {
  label,
  readInstanceId,
} from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { followTable } from '../checks/follow-table.ts';
import { watchPods } from '../checks/pod-rules.ts';
import { watchWrites } from '../checks/watch-writes.ts';
import { createHistory, type SimulatedRun } from '../history/history.ts';
import type { PodView, WorldView } from '../history/world-view.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { createSimulatedClock } from '../kernel/simulated-clock.ts';
import { noTableFaults } from '../models/dynamodb/request-fate.ts';
import { createTableModel, type TableModel } from '../models/dynamodb/table-model.ts';
import { type ClusterModel, createClusterModel } from '../models/kubernetes/cluster-model.ts';
import { noFaults as noClusterFaults } from '../models/kubernetes/cluster-parts.ts';
import { noFaults as noRuntimeFaults } from '../models/runtime/runtime-faults.ts';
import type { StepRun } from '../models/runtime/runtime-machine.ts';
import { noFaults as noSpoolFaults } from '../models/spool-files-model.ts';
import { noNetworkFaults } from '../network/network-faults.ts';
import { SimulatedNetwork } from '../network/simulated-network.ts';
import { createAccidents } from './accidents.ts';
import { keepReplica, type Replica } from './deployments.ts';
import { createMoment, type Moment } from './moments.ts';
import { bootControlPlane, bootDataPlane, controlPlaneHost, dataPlaneUrl } from './planes.ts';
import { Pods } from './pods.ts';
import { createSimulatedIds, type Simulation } from './simulation.ts';
import { controlPlaneTimes, poolSize, sessionQuota, staleMs } from './timing.ts';
import type { Faults } from './weather.ts';

export interface World extends Simulation {
  table: TableModel;
  cluster: ClusterModel;
  pods: Pods;
  replicas: readonly Replica[];
  dataPlaneUrls: readonly string[];
  sessionQuota: number;
  view: WorldView;
  /** Ends what lasts for a while, each once. */
  healing: Set<() => void>;
}

const controlPlaneHosts = ['10.0.0.1', '10.0.0.2'];
const dataPlaneHosts = ['10.0.1.1', '10.0.1.2'];

/**
 * Starts control-planes and data-planes over one table and one cluster, in which nothing goes wrong.
 * @param only the numbers of the accidents that happen; undefined: all.
 */
export function startWorld(kernel: Kernel, only: ReadonlySet<number> | undefined): World {
  const replicas: Replica[] = [];
  const simulation = createSimulation(kernel, only, (host) => {
    if (host !== controlPlaneHost) return cluster.resolve(host);
    const running = replicas.filter((one) => one.running && controlPlaneHosts.includes(one.host));
    return running.length > 0 ? names.pick(running).host : undefined;
  });
  const names = kernel.random('service names');
  const { clock, history, faults } = simulation;
  const moment = createMoment(simulation, (process) =>
    replicas.some((replica) => replica.process === process),
  );
  const table = createTableModel(kernel, {
    faults: faults.table,
    onFault: (kind) => history.fault('table', kind),
    moment,
    staleMs,
  });
  watchWrites({
    table,
    nowMs: () => kernel.nowMs,
    quota: sessionQuota,
    provisioningMs: controlPlaneTimes.provisioningMs,
    wasCalm: history.wasCalm,
    instanceEnds: history.instanceEnds,
    hasPod: (instanceId) => viewPods(cluster).some((pod) => pod.instanceId === instanceId),
    violate: history.violate,
  });
  const tableView = followTable(history, table.onWrite);
  const ids = createSimulatedIds(clock, kernel.random('ids'));
  const pods = createPods(simulation, ids);
  const cluster = createCluster(simulation, pods, moment);
  watchPods(cluster, history.violate);
  const parts = { ...simulation, ids, table, cluster };
  const keep = (name: string, host: string, boot: typeof bootControlPlane) =>
    keepReplica({ ...simulation, random: names, name, host, boot: () => boot(parts, host) });
  replicas.push(
    ...controlPlaneHosts.map((host, at) => keep(`cp${at + 1}`, host, bootControlPlane)),
    ...dataPlaneHosts.map((host, at) => keep(`dp${at + 1}`, host, bootDataPlane)),
  );
  return {
    ...parts,
    pods,
    replicas,
    sessionQuota,
    dataPlaneUrls: dataPlaneHosts.map(dataPlaneUrl),
    healing: new Set(),
    view: {
      table: tableView,
      pods: () => viewPods(cluster),
      strayServices: () => strayServices(cluster),
      poolSize,
      times: controlPlaneTimes,
    },
  };
}

function createSimulation(
  kernel: Kernel,
  only: ReadonlySet<number> | undefined,
  resolve: (host: string) => string | undefined,
): Simulation {
  const history = createHistory(kernel);
  const faults: Faults = {
    network: { ...noNetworkFaults },
    table: { ...noTableFaults },
    kubernetes: { ...noClusterFaults },
    runtime: { ...noRuntimeFaults },
    spool: { ...noSpoolFaults },
    moments: { crash: 0, pause: 0 },
  };
  const network = new SimulatedNetwork(kernel, {
    faults: faults.network,
    onFault: (kind) => history.fault('network', kind),
    resolve,
  });
  const clock = createSimulatedClock(kernel);
  return { kernel, clock, history, network, faults, accidents: createAccidents(only) };
}

const createPods = (simulation: Simulation, ids: Ids): Pods =>
  new Pods({
    ...simulation,
    ids,
    onRun: (run) => simulation.history.runs.push(toSimulatedRun(run)),
  });

const toSimulatedRun = (run: StepRun): SimulatedRun => ({
  stepId: run.stepId,
  wanted: run.wantedSession,
  actual: run.session,
  mark: run.memory,
  instanceId: run.instanceId,
  epoch: run.epoch,
});

const createCluster = (
  { kernel, faults, history }: Simulation,
  pods: Pods,
  moment: Moment,
): ClusterModel =>
  createClusterModel(kernel, {
    faults: faults.kubernetes,
    onFault: (kind, hindersMs) => history.fault('cluster', kind, hindersMs),
    moment,
    startContainer: (start) => pods.start(start),
    onPodEnd: (name, reason) => {
      const instanceId = `ins_${name.slice('steppe-'.length)}`;
      history.tell(name, `ended: ${reason}`);
      history.instanceEnds.set(instanceId, { reason, atMs: kernel.nowMs });
    },
  });

const viewPods = (cluster: ClusterModel): PodView[] =>
  cluster.pods().flatMap(({ metadata: { labels }, status }) => {
    const instanceId = readInstanceId(labels);
    const isReady = status?.conditions?.some(
      ({ type, status: state }) => type === 'Ready' && state === 'True',
    );
    const isStarting = labels[label.state] === 'starting';
    const sessionId = labels[label.session];
    return instanceId ? [{ instanceId, sessionId, isStarting, isReady: !!isReady }] : [];
  });

function strayServices(cluster: ClusterModel): string[] {
  const pods = new Set(cluster.pods().map(({ metadata }) => metadata.name));
  return cluster.services().flatMap(({ metadata: { name } }) => (pods.has(name) ? [] : [name]));
}
