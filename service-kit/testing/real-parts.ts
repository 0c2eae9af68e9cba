import { createIds } from '@steppe/contracts/ids';
import { tcpNetwork } from '../http/network.ts';
import { systemClock } from '../process/clock.ts';

/** The machine's own network, time and randomness, for tests that need no other. */
export const realParts = {
  network: tcpNetwork,
  clock: systemClock,
  ids: createIds(systemClock),
};
