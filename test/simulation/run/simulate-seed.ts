import { connectionOwner } from '@steppe/service-kit/process/connection-owner';
import { checkAll } from '../checks/check-all.ts';
import { clientNumbers, sizeOf, startClients } from '../clients/start-clients.ts';
import { Kernel } from '../kernel/kernel.ts';
import { activate } from '../kernel/simulated-globals.ts';
import { keepVigil } from '../vigil/keep-vigil.ts';
import { startDisasters } from '../world/disasters.ts';
import { settle } from '../world/settle.ts';
import { drawWeather, type Weather } from '../world/weather.ts';
import { startWorld, type World } from '../world/world.ts';
import type { SeedReport } from './seed-report.ts';
import { tellStory } from './tell-story.ts';

export interface SeedOptions {
  seed: number;
  /** Undefined: drawn. */
  weather: Weather | undefined;
  /** The numbers of the accidents that happen; undefined: all. */
  only: ReadonlySet<number> | undefined;
  /** The numbers of the clients that take part; undefined: all. */
  clients: readonly number[] | undefined;
  /** Its report says what led to the violations. */
  hasStory: boolean;
  /** Gets each event and each fact. */
  onTrace: ((line: string) => void) | undefined;
}

/** No run takes longer: only one that hangs. */
const virtualLimitMs = 3_600_000;

/** Runs one simulation from its seed, and checks it. */
export async function simulateSeed(
  options: SeedOptions,
): Promise<Omit<SeedReport, 'cpuSeconds' | 'peakMemoryMb' | 'machineUse'>> {
  const { seed, only, onTrace } = options;
  const kernel = new Kernel({ seed, onTrace });
  activate(kernel);
  const weather = options.weather ?? drawWeather(kernel.random('weather'));
  const world = startWorld(kernel, only);
  const { history, view, accidents } = world;
  const stopWatching = watchErrors(world);
  const size = sizeOf(seed);
  startDisasters(world, weather, size);
  keepVigil(kernel, history, view);
  const numbers = options.clients ?? clientNumbers;
  startClients(world, { numbers, size }, () => settle(world, () => kernel.stop()));
  const end = await kernel.run(virtualLimitMs);
  if (end !== 'stopped') history.violate('late-response', `the run ended by ${end}`);
  const { hash } = kernel;
  kernel.killAll();
  stopWatching();
  const violations = checkAll(history, view);
  return {
    seed,
    hash,
    events: kernel.events,
    steps: history.runs.length,
    virtualSeconds: Math.round(kernel.elapsedMs / 1000),
    weather: [...weather],
    accidents: accidents.count,
    violations,
    ...(options.hasStory && { story: tellStory(history, violations) }),
    counts: Object.fromEntries(history.counts),
  };
}

/** As guard-process.ts for each simulated process; here such an error is a violation too. */
function watchErrors({ kernel, history }: World): () => void {
  const onError = (error: Error) => {
    const { current } = kernel;
    history.violate('process-sound', `${current.name}: ${error.stack ?? error}`);
    const connection = connectionOwner();
    if (connection) connection.destroy();
    else kernel.kill(current);
  };
  process.on('uncaughtException', onError);
  return () => void process.off('uncaughtException', onError);
}
