import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { timeLimits } from './test/support/time-limits.ts';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['test/support/build-bundles.ts'],
    // They need a cluster, images, LocalStack or the packages of cdk/: the vitest.config.ts beside
    // them runs them.
    exclude: ['**/node_modules/**', 'dist/**', 'test/{cluster,images,localstack}/**', 'cdk/**'],
    // A notice about Node versions of the coming year.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Tests wait for processes most of the time: by default two processors would get one worker.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    ...timeLimits,
  },
});
