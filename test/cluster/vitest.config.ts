import { defineConfig } from 'vitest/config';
import { targetTests } from '../support/api/target-tests.ts';
import { realServices } from '../support/real-services.ts';
import { isExistingCluster } from './support/config.ts';

const wholePath = 'test/cluster/whole-path/**/*.test.ts';
/** Others that call the release which all files share. */
const shared = 'test/cluster/{isolation/{no-exec,replay,user-code}/**/*,chart/pod-shape}.test.ts';
/** Tests that stop parts of the cluster, and those that measure it. */
const alone = 'test/cluster/{faults,load,scale}/**/*.test.ts';
/** Those that stop and start components of the cluster, which tools/cluster alone can. */
const components = 'test/cluster/faults/{api-server-*,lost-node}.test.ts';

/**
 * The tests that need a real cluster: they run where KUBECONFIG and pod addresses can be reached.
 * Those that cannot share it run after the others, one after another.
 */
export default defineConfig({
  test: {
    ...realServices,
    projects: [
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          exclude: [alone, wholePath, shared],
          // The cluster shares the machine with the tests.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole-path',
          include: [wholePath, shared, ...targetTests],
          globalSetup: ['test/cluster/harness/shared-release.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: [alone],
          exclude: isExistingCluster() ? [components] : [],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
