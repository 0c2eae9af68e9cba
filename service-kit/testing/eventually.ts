import { expect, vi } from 'vitest';

/** Waits until `check` no longer throws. Works in hooks too. */
export const eventually = <T>(check: () => T | Promise<T>, timeout = 60_000): Promise<T> =>
  vi.waitFor(check, { timeout, interval: 20 });

/**
 * Polls until the value is as expected. Processes take their time to start and end, and longer on a
 * busy machine. Works in tests only.
 */
export const expectEventually = <T>(look: () => T, timeout = 60_000) =>
  expect.poll(look, { timeout, interval: 10 });
