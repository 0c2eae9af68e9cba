/** Settings of tests whose services share the machine with a cluster or with LocalStack. */
export const realServices = {
  root: new URL('../..', import.meta.url).pathname,
  testTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
  hookTimeout: 120_000,
};
