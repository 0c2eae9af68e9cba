import { defineConfig } from 'vitest/config';
import { timeLimits } from '../../support/time-limits.ts';

/** The conformance table, with an agent and a runtime in a pod for each session. */
export default defineConfig({
  test: {
    root: new URL('../../..', import.meta.url).pathname,
    include: ['test/conformance/rows/**/*.test.ts'],
    globalSetup: ['test/cluster/conformance/session-pods.ts'],
    // The cluster shares the machine with the tests.
    maxWorkers: 3,
    ...timeLimits,
  },
});
