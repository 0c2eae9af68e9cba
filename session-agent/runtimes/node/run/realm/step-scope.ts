import { AsyncLocalStorage } from 'node:async_hooks';
import { createHookedContext } from './hooked-context.ts';
import { pinned } from './own-functions.ts';

/** Tracks which step the running code belongs to. */
export function createStepScope(context: StepContext): StepScope {
  let current: string | null = null;
  return {
    run(stepId, callback) {
      current = stepId;
      return context.run(stepId, callback);
    },
    end: () => {
      current = null;
      context.reset();
    },
    running: () => current,
    // Code without a step, such as a signal handler, belongs to the running step.
    isBackground: () => current === null || (context.current() ?? current) !== current,
  };
}

export type StepScope = {
  run<T>(stepId: string, callback: () => T): T;
  /** From now on everything is background until the next `run`. */
  end(): void;
  running(): string | null;
  isBackground(): boolean;
};

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
  const storage = pinned(new AsyncLocalStorage<string>(), 'run', 'getStore');
  return {
    run: (stepId, callback) => storage.run(stepId, callback),
    current: () => storage.getStore(),
    reset: () => undefined,
  };
}
