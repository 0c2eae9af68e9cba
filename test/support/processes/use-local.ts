import { afterAll, beforeAll, expect } from 'vitest';
import { type Local, startLocal } from './local.ts';

/** One local mode for all tests of a file; it must shut down gracefully. */
export function useLocal(env: Record<string, string> = {}): () => Local {
  let local: Local | undefined;
  beforeAll(async () => {
    local = await startLocal(env);
  });
  afterAll(async () => {
    expect(await local?.stop()).toBe(0);
  });
  return () => {
    if (!local) throw new Error('the local mode is not started yet');
    return local;
  };
}
