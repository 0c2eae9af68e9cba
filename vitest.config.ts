import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['test/support/build-bundles.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    // A notice about Node versions of the coming year.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    testTimeout: 30_000,
    // A second is too short on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 30_000,
  },
});
