import { timeLimits } from './time-limits.ts';

/** Settings of tests whose services share the machine with a cluster or with LocalStack. */
export const realServices = {
  root: new URL('../..', import.meta.url).pathname,
  ...timeLimits,
};
