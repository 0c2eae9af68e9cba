import type { EventEmitter } from 'node:events';
import process from 'node:process';
import type { StepError } from '../messages.ts';

const events = ['uncaughtException', 'unhandledRejection'];
const emitter: EventEmitter = process;

/**
 * What nobody catches is reported, and the worker lives on: a timer's exception or a rejected
 * promise is not a death, whether its step still runs or not. User code with a handler of its own
 * has caught it. Returns what to call now and then: with `removeAllListeners` user code removes
 * this one too.
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
