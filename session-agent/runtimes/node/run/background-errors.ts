import type { EventEmitter } from 'node:events';
import process from 'node:process';
import type { StepError } from '../messages.ts';

const events = ['uncaughtException', 'unhandledRejection'];
const emitter: EventEmitter = process;

/**
 * Reports uncaught errors and keeps the worker alive: neither an exception in a timer nor a
 * rejected promise ends it, whether its step still runs or not. If user code has a handler of its
 * own, nothing is reported.
 * @returns a function to call regularly: user code can remove the listeners, and it adds them
 * again.
 */
export function reportBackgroundErrors(
  describe: (thrown: unknown) => StepError,
  report: (error: StepError) => void,
): () => void {
  const listeners = events.map((event) => {
    const listener = (thrown: unknown): void => {
      if (emitter.listenerCount(event) === 1) report(describe(thrown));
    };
    return { event, listener };
  });
  const listen = (): void => {
    for (const { event, listener } of listeners)
      if (!emitter.listeners(event).includes(listener)) emitter.on(event, listener);
  };
  listen();
  return listen;
}
