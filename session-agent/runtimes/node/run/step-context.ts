import { AsyncLocalStorage } from 'node:async_hooks';
import { createHookedContext } from './hooked-context.ts';

/** Propagates a step's id through every timer and promise that the step started. */
export type StepContext = {
  run<T>(stepId: string, callback: () => T): T;
  current(): string | undefined;
  /** Restores the context after code that was terminated, which could not do so itself. */
  reset(): void;
};

/**
 * Uses AsyncLocalStorage if Node implements it in V8. If it is built on async hooks, a termination
 * inside a promise's reaction would abort the process (`InternalCallbackScope::Close` asserts that
 * the hooks' stack is empty), and promises would be shown with the hooks' symbols: the driver then
 * uses its own implementation.
 */
export function createStepContext(
  realm: typeof globalThis,
  hasContextFrames: boolean,
): StepContext {
  if (!hasContextFrames) return createHookedContext(realm);
  const storage = new AsyncLocalStorage<string>();
  return {
    run: (stepId, callback) => storage.run(stepId, callback),
    current: () => storage.getStore(),
    reset: () => undefined,
  };
}
