import type { SimulatedProcess } from '../kernel/kernel.ts';
import type { Simulation } from './simulation.ts';

/** Awaited by the models of ports before a call takes effect and after its response has come. */
export type Moment = (what: string) => Promise<void>;

/** At any call of a port, the calling plane may be killed or stand still. */
export function createMoment(
  {
    kernel,
    history,
    faults,
    accidents,
  }: Pick<Simulation, 'kernel' | 'history' | 'faults' | 'accidents'>,
  isPlane: (process: SimulatedProcess) => boolean,
): Moment {
  const random = kernel.random('moments');
  return async (what) => {
    const process = kernel.current;
    if (!isPlane(process)) return;
    if (random.chance(faults.moments.crash) && accidents.next()) {
      history.fault('process', `crash of ${process.name} at ${what}`, recoveryMs);
      // Not within its own event: Node does not bear a parser that is freed while it parses.
      kernel.schedule(0, kernel.world, 'crash', () => kernel.kill(process));
      return new Promise<never>(() => {});
    }
    if (random.chance(faults.moments.pause)) {
      const pauseMs = random.between(100, 8_000);
      if (accidents.next()) pause(process, pauseMs);
    }
  };

  function pause(process: SimulatedProcess, ms: number): void {
    history.fault('process', `pause of ${process.name}`, ms);
    kernel.pause(process, ms);
  }
}

/** How long a plane that was killed hinders others: until it is started again and has caught up. */
export const recoveryMs = 25_000;
