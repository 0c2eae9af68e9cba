import { expect } from 'vitest';

/**
 * Polls until the value is as expected. Processes take their time to start and end, and longer on a
 * busy machine.
 */
export const eventually = <T>(look: () => T) =>
  expect.poll(look, { timeout: 20_000, interval: 10 });
