import { AsyncLocalStorage } from 'node:async_hooks';
import { createHookedContext } from './hooked-context.ts';

/** Carries a step's id through every timer and promise that the step began. */
export type StepContext = {
  run<T>(stepId: string, callback: () => T): T;
  current(): string | undefined;
  /** Code that was terminated could not tidy up behind itself. */
  reset(): void;
};

/**
 * AsyncLocalStorage where Node keeps it in V8. Where it is built on async hooks, a termination
 * inside a promise's reaction would abort the process (`InternalCallbackScope::Close` asserts that
 * the hooks' stack is empty), and promises would be shown with the hooks' symbols: there the driver
 * has its own.
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
