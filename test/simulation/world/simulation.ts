import type { Chance, Ids } from '@steppe/contracts/ids';
import { createIds } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { History } from '../history/history.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import type { SimulatedNetwork } from '../network/simulated-network.ts';
import type { Accidents } from './accidents.ts';
import type { Faults } from './weather.ts';

/** What all parts of one simulation share. */
export interface Simulation {
  kernel: Kernel;
  clock: Clock;
  history: History;
  network: SimulatedNetwork;
  faults: Faults;
  accidents: Accidents;
}

/** Each process has ids of its own, drawn from one stream. */
export const createSimulatedIds = (clock: Clock, random: RandomStream): Ids =>
  createIds(clock, createChance(random));

function createChance(random: RandomStream): Chance {
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += random.int(0x1_0000).toString(16).padStart(4, '0');
    return text.slice(0, digits);
  };
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    nonce: () => hex(32),
    random: random.next,
  };
}
