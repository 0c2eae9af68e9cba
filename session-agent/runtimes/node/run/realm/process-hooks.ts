import childProcess from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers';
import type { StepError } from '../../messages.ts';
import type { StepGate } from '../../step-gate.ts';
import { exposed, ownArray } from './user-realm.ts';

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
  const count = emitter.listenerCount.bind(emitter);
  const listenersOf = emitter.listeners.bind(emitter);
  const listenTo = emitter.on.bind(emitter);
  const listeners = events.map((event) => {
    const listener = (thrown: unknown): void => {
      if (count(event) === 1) report(describe(thrown));
    };
    return { event, listener };
  });
  const listen = (): void => {
    for (const { event, listener } of listeners)
      if (!ownArray(listenersOf(event)).includes(listener)) listenTo(event, listener);
  };
  listen();
  return listen;
}

/**
 * `clearImmediate` of any other object would make Node count one immediate too few, and the last
 * one of the process, which ends the step, would never run.
 */
export function guardClearImmediate(realm: object): void {
  const { clearImmediate, setImmediate } = timers;
  const immediate = setImmediate(() => undefined);
  const prototype: unknown = Object.getPrototypeOf(immediate);
  clearImmediate(immediate);
  const value = exposed((given: unknown): void => {
    if (typeof given === 'object' && given !== null && Object.getPrototypeOf(given) === prototype)
      Reflect.apply(clearImmediate, timers, [given]);
  });
  Object.defineProperty(value, 'name', { value: 'clearImmediate' });
  for (const holder of [timers, realm])
    Object.defineProperty(holder, 'clearImmediate', { value, enumerable: true });
  syncBuiltinESMExports();
}

/** Marks in the gate that the main thread is blocked until a child process exits. */
export function tellOfAwaitedChildren(gate: StepGate): void {
  for (const name of ['execSync', 'execFileSync', 'spawnSync']) {
    const original: unknown = Reflect.get(childProcess, name);
    if (typeof original !== 'function') continue;
    const telling = exposed((...given: unknown[]): unknown =>
      gate.awaitChild(() => Reflect.apply(original, childProcess, given)),
    );
    Object.defineProperties(telling, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(childProcess, name, { value: telling });
  }
  syncBuiltinESMExports();
}

/**
 * A SIGINT listener of user code replaces the one that ends code before its first await, and might
 * exit the process. Code that adds a listener while it runs is terminated instead. `vm` disables
 * the listeners of earlier steps meanwhile.
 */
export function yieldToSignalListeners(gate: StepGate): void {
  const emitter: EventEmitter = process;
  // Before Node's own listener, which starts to deliver the signal.
  emitter.prependListener('newListener', (event: unknown) => {
    if (event === 'SIGINT') gate.losesSignal();
  });
}
