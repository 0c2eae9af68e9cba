import { createIds } from '@steppe/contracts/ids';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../http/http-env.ts';
import { tcpNetwork } from '../http/network.ts';
import { systemClock } from '../process/clock.ts';

/** The machine's own network, time and randomness, for tests that need no other. */
export const realParts = {
  network: tcpNetwork,
  clock: systemClock,
  ids: createIds(systemClock),
};

/** Provides a bare Hono app with the clock that `createApi` would provide. */
export const provideClock: MiddlewareHandler<HttpEnv> = (c, next) => {
  c.set('clock', systemClock);
  return next();
};
