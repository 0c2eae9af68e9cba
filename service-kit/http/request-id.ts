import type { Ids } from '@steppe/contracts/ids';

const sane = /^[A-Za-z0-9._:-]{1,128}$/;

/** Returns the caller's `X-Request-Id` if it is a sane one, else a new one. */
export const requestIdFrom = (given: unknown, ids: Ids): string =>
  typeof given === 'string' && sane.test(given) ? given : ids.uuid();
