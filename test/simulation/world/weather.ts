import type { RandomStream } from '../kernel/random-stream.ts';
import type { TableFaults } from '../models/dynamodb/request-fate.ts';
import type { KubernetesFaults } from '../models/kubernetes/cluster-parts.ts';
import type { RuntimeFaults } from '../models/runtime/runtime-faults.ts';
import type { SpoolFaults } from '../models/spool-files-model.ts';
import type { NetworkFaults } from '../network/network-faults.ts';

/** Probabilities at each call of a port. */
interface MomentFaults {
  /** The calling plane is killed. */
  crash: number;
  /** It stands still for seconds. */
  pause: number;
}

/** All probabilities of faults, which the models read at each use. */
export interface Faults {
  network: NetworkFaults;
  table: TableFaults;
  kubernetes: KubernetesFaults;
  runtime: RuntimeFaults;
  spool: SpoolFaults;
  moments: MomentFaults;
}

type FaultChanges = { [Model in keyof Faults]?: Partial<Faults[Model]> };

/** What each kind of weather does to calls, while it lasts. */
const faultsOf = {
  network: { network: { reset: 0.02, spike: 0.01, split: 0.1, refuse: 0.03, silence: 0.3 } },
  table: {
    table: {
      throttled: 0.02,
      lostBefore: 0.02,
      lostAfter: 0.03,
      retried: 0.04,
      overtaken: 0.01,
      slow: 0.04,
    },
  },
  outages: { table: { outage: 0.003, lostToOutage: 0.015 } },
  api: {
    kubernetes: { unreachable: 0.02, refused: 0.02, broken: 0.02, responseLost: 0.02, late: 0.02 },
  },
  watch: {
    kubernetes: { watchBroken: 0.05, watchLate: 0.05, watchSilent: 0.005, historyLost: 0.01 },
  },
  starts: {
    kubernetes: { unschedulable: 0.1, pullFailed: 0.05, startCrashed: 0.1, routeLate: 0.1 },
  },
  crashes: { moments: { crash: 0.003, pause: 0.001 } },
  runtime: {
    runtime: {
      split: 0.05,
      slowStart: 0.05,
      failedStart: 0.05,
      brokenStarts: 0.01,
      failedFork: 0.02,
      lateMarkers: 0.03,
      workerDeath: 0.03,
      missedOrphan: 0.1,
      orphanedStart: 0.05,
    },
  },
  disks: { spool: { failedWrite: 0.05 } },
  pods: {},
  workers: {},
  cuts: {},
  rollouts: {},
  nodes: {},
} as const satisfies Record<string, FaultChanges>;

/** A kind of trouble; each seed has some of them, so that none hides what another would show. */
export type WeatherKind = keyof typeof faultsOf;
export type Weather = ReadonlySet<WeatherKind>;

const weatherKinds = Object.keys(faultsOf) as WeatherKind[];
const rare: Weather = new Set(['outages', 'cuts', 'rollouts', 'nodes']);

export const drawWeather = (random: RandomStream): Weather =>
  new Set(weatherKinds.filter((kind) => random.chance(rare.has(kind) ? 0.25 : 0.4)));

/** Adds what the weather does to faults that are all zero. */
export function startWeather(faults: Faults, weather: Weather): void {
  for (const kind of weather)
    for (const [model, changes] of Object.entries(faultsOf[kind]))
      Object.assign(faults[model as keyof Faults], changes);
}

export function endWeather(faults: Faults): void {
  for (const probabilities of Object.values(faults))
    for (const fault of Object.keys(probabilities)) Object.assign(probabilities, { [fault]: 0 });
}

/** @throws Error for a kind that does not exist. */
export const toWeather = (kinds: readonly string[]): Weather =>
  new Set(
    kinds.map((kind) => {
      const known = weatherKinds.find((each) => each === kind);
      if (!known) throw new Error(`${kind} is none of ${weatherKinds.join(', ')}`);
      return known;
    }),
  );
