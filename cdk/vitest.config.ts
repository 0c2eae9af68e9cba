import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'cdk.out/**'],
    // Files share the apps that they synthesize, which takes seconds each.
    isolate: false,
    maxWorkers: 1,
    testTimeout: 60_000,
  },
});
