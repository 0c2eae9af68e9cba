import type { StepContext } from './step-context.ts';

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
