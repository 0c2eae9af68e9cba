import { defineConfig } from 'vitest/config';

const faults = 'test/cluster/faults/**/*.test.ts';

/**
 * The tests that need a real cluster: they run where KUBECONFIG and pod addresses can be reached.
 * Those in faults/ stop parts of the cluster: they run after the others, one after another.
 */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    testTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: [faults],
          // The cluster shares the machine with the tests.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: [faults],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
