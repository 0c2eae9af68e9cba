/**
 * The time limits of tests, for every configuration of vitest. A busy machine takes many times as
 * long as a quiet one: only what never comes is a failure.
 */
export const timeLimits = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
};
