import { checkRest } from '../checks/check-rest.ts';
import { controlPlaneTimes } from './timing.ts';
import { endWeather } from './weather.ts';
import type { World } from './world.ts';

const { provisioningMs, graceMs, intervalMs, leaseMs } = controlPlaneTimes;
/** Passes of the reconciler that find nothing to do must change nothing either. */
const shortestCalmMs = 3 * intervalMs;
/** What is half done has all the time that the product says it takes. */
const longestCalmMs = 2 * (provisioningMs + graceMs) + leaseMs + 6 * intervalMs;
const lookEveryMs = 5_000;

/** Ends all trouble, and calls `onRest` when nothing is half done, or when that is overdue. */
export function settle(world: World, onRest: () => void): void {
  const { kernel, history, view, faults, accidents, healing } = world;
  const startedMs = kernel.nowMs;
  history.tell('world', 'calm');
  accidents.stop();
  endWeather(faults);
  for (const heal of healing) heal();
  const look = () => {
    const calmMs = kernel.nowMs - startedMs;
    if (calmMs >= longestCalmMs || (calmMs >= shortestCalmMs && checkRest(view).length === 0))
      onRest();
    else kernel.schedule(lookEveryMs, kernel.world, 'settle', look);
  };
  look();
}
