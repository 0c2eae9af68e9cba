import { defineConfig } from 'vitest/config';

/** The tests that need a real cluster: they run where KUBECONFIG and pod addresses can be reached. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/cluster/**/*.test.ts'],
    // The cluster shares the machine with the tests.
    maxWorkers: 2,
    testTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 120_000,
  },
});
