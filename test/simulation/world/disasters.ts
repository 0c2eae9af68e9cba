import type { FaultGroup } from '../history/history.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import type { Replica } from './deployments.ts';
import { recoveryMs } from './moments.ts';
import type { RunningPod } from './pods.ts';
import { startWeather, type Weather, type WeatherKind } from './weather.ts';
import type { World } from './world.ts';

interface Draw {
  random: RandomStream;
  replica: Replica;
  pod: RunningPod;
  /** How long it lasts, for what does not last for ever. */
  lastsMs: number;
}

interface Disaster {
  group: FaultGroup;
  /** How long others are hindered after its end. */
  hindersMs: number;
  strike(world: World, draw: Draw): void;
}

const podDisaster = (strike: Disaster['strike']): Disaster => ({
  group: 'runtime',
  hindersMs: 0,
  strike,
});
const planeDisaster = (strike: Disaster['strike']): Disaster => ({
  group: 'process',
  hindersMs: recoveryMs,
  strike,
});

/** What happens now and then to a part that is drawn, by the kind of weather. */
const disasters: Partial<Record<WeatherKind, Record<string, Disaster>>> = {
  pods: {
    oom: podDisaster(({ cluster }, { pod }) => cluster.killPod(pod.name, 'oom_killed')),
    crash: podDisaster(({ cluster }, { pod }) => cluster.killPod(pod.name, 'crashed')),
    drain: podDisaster(({ cluster }, { pod }) => cluster.evict(pod.name, 'drain')),
    pressure: podDisaster(({ cluster }, { pod }) => cluster.evict(pod.name, 'pressure')),
    'warm pods deleted': podDisaster(({ cluster, pods }) => {
      for (const name of pods.running.keys()) cluster.deleteWarm(name);
    }),
  },
  workers: {
    'worker kill': podDisaster((_, { pod }) => pod.runtime.killWorker()),
    'all workers killed': podDisaster(({ pods }) => {
      for (const { runtime } of pods.running.values()) runtime.killWorker();
    }),
    'supervisor kill': podDisaster((_, { pod }) => pod.runtime.killSupervisor()),
    'supervisor pause': podDisaster((_, { pod, lastsMs }) => pod.runtime.pauseSupervisor(lastsMs)),
    'out of memory': podDisaster((_, { pod }) => pod.runtime.outOfMemory()),
  },
  crashes: {
    kill: planeDisaster(({ kernel }, { replica }) => kernel.kill(replica.process)),
    pause: planeDisaster(({ kernel }, { replica, lastsMs }) =>
      kernel.pause(replica.process, lastsMs),
    ),
  },
  rollouts: { rollout: planeDisaster((_, { replica }) => replica.replace()) },
  cuts: {
    cut: {
      group: 'network',
      hindersMs: recoveryMs,
      strike(world, { replica, pod, random, lastsMs }) {
        const { network, replicas } = world;
        const other = random.chance(0.5) ? pod.process : random.pick(replicas).process;
        healLater(world, lastsMs, network.cut(replica.process, other));
      },
    },
  },
  nodes: {
    'node loss': {
      group: 'cluster',
      hindersMs: 120_000,
      strike(world, { random }) {
        const { cluster } = world;
        const node = random.pick(cluster.nodes);
        if (cluster.nodes.some(({ isLost }) => isLost)) return;
        cluster.loseNode(node);
        healLater(world, random.between(5_000, 200_000), () => cluster.restoreNode(node));
      },
    },
    'history loss': {
      group: 'cluster',
      hindersMs: 0,
      strike: ({ cluster }) => void cluster.forgetHistory(),
    },
  },
};

function healLater({ kernel, healing }: World, ms: number, act: () => void): void {
  const heal = () => {
    if (healing.delete(heal)) act();
  };
  healing.add(heal);
  kernel.schedule(ms, kernel.world, 'heal', heal);
}

/**
 * Starts the weather, in which disasters strike, one after the other, until they are over.
 * @param size how many times as rare they are as in CI, where sessions are shorter.
 */
export function startDisasters(world: World, weather: Weather, size: number): void {
  const { kernel, history, accidents, pods, replicas } = world;
  startWeather(world.faults, weather);
  const kinds = [...weather].flatMap((kind) => Object.entries(disasters[kind] ?? {}));
  if (kinds.length === 0) return;
  const times = kernel.random('disaster times');
  let drawn = 0;
  const next = (): void => {
    if (accidents.areOver) return;
    kernel.schedule(times.between(50, size * 8_000), kernel.world, 'disaster', next);
    // A stream of its own: one that is left out shifts no draw of the next.
    drawn += 1;
    const random = kernel.random(`disaster ${drawn}`);
    const [name, { group, hindersMs, strike }] = random.pick(kinds);
    const lastsMs = random.between(200, 20_000);
    const running = [...pods.running.values()];
    if (running.length === 0 || !accidents.next()) return;
    const [pod, replica] = [random.pick(running), random.pick(replicas)];
    history.fault(group, name, lastsMs + hindersMs);
    history.tell('disaster', `${name}: ${pod.name}, ${replica.name}`);
    strike(world, { random, replica, pod, lastsMs });
  };
  kernel.schedule(times.between(100, 3_000), kernel.world, 'disaster', next);
}
