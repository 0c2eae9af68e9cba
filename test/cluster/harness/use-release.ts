import { afterAll, afterEach, beforeAll } from 'vitest';
import { installRelease, type Release } from './release.ts';
import type { Values } from './release-values.ts';

/**
 * A release of its own for the tests of a file, for those that need other values or disturb others.
 * If a test fails, its logs are printed before it is removed.
 */
export function useRelease(
  purpose: string,
  values: Values | (() => Promise<Values>) = {},
  objects: readonly object[] = [],
): () => Release {
  let release: Release | undefined;
  let hasFailed = false;
  beforeAll(async () => {
    release = await installRelease({
      purpose,
      values: typeof values === 'function' ? await values() : values,
      objects,
    });
  }, 300_000);
  afterEach(({ task }) => {
    hasFailed ||= task.result?.state === 'fail';
  });
  afterAll(async () => {
    if (hasFailed && release) process.stderr.write(await release.describe());
    await release?.uninstall();
  }, 300_000);
  return () => {
    if (!release) throw new Error('the release is not installed yet');
    return release;
  };
}
