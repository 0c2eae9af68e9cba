import { defineConfig } from 'vitest/config';

/** The tests of the images that `make images` has built: they need Docker, or root and Buildah. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/images/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
