import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'cdk.out/**'],
    // The library loads its parts when they are first used, which takes seconds on a busy machine.
    testTimeout: 60_000,
  },
});
