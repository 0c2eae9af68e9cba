import { expect } from 'vitest';

/**
 * Looks until it is as expected. Processes start and end in their own time, which a busy machine
 * stretches.
 */
export const eventually = <T>(look: () => T) =>
  expect.poll(look, { timeout: 20_000, interval: 10 });
