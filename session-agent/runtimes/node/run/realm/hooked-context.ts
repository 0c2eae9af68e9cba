import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import timers from 'node:timers';
import { promiseHooks } from 'node:v8';
import type { StepContext } from './step-scope.ts';
import { exposed } from './user-realm.ts';

type Callback = (...given: unknown[]) => unknown;

/**
 * Propagates a step's id through V8's promise hooks and wrapped timers. Callbacks of sockets and
 * files belong to no step.
 */
export function createHookedContext(realm: object): StepContext {
  let active: string | undefined;

  promiseHooks.createHook({
    init(promise) {
      if (active !== undefined) new Stamp(promise, active);
    },
    before(promise) {
      active = Stamp.of(promise);
    },
    after() {
      active = undefined;
    },
  });

  function run<T>(stepId: string | undefined, callback: () => T): T {
    const outer = active;
    active = stepId;
    try {
      return callback();
    } finally {
      active = outer;
    }
  }

  const bind = (callback: unknown): unknown => {
    const stepId = active;
    if (typeof callback !== 'function' || stepId === undefined) return callback;
    return exposed(function (this: unknown, ...given: unknown[]): unknown {
      return run(stepId, () => Reflect.apply(callback, this, given));
    });
  };
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
    wrap(timers, name, bind);
    Object.defineProperty(realm, name, {
      value: Reflect.get(timers, name),
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
  wrap(realm, 'queueMicrotask', bind);
  wrap(process, 'nextTick', bind);
  syncBuiltinESMExports();

  return {
    run,
    current: () => active,
    reset: () => {
      active = undefined;
    },
  };
}

/** Looks like the original to user code, even to `util.promisify`, and wraps its first argument. */
function wrap(holder: object, name: string, bind: (callback: unknown) => unknown): void {
  const original: Callback = Reflect.get(holder, name);
  const wrapped = exposed((callback: unknown, ...rest: unknown[]): unknown =>
    Reflect.apply(original, holder, [bind(callback), ...rest]),
  );
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  Object.defineProperty(holder, name, {
    ...Object.getOwnPropertyDescriptor(holder, name),
    value: wrapped,
  });
}

/** A constructor that returns the given object can add a private field to it, invisibly. */
const Marked = function Marked(holder: object): object {
  return holder;
} as unknown as new (
  holder: object,
) => object;

class Stamp extends Marked {
  readonly #stepId: string;

  constructor(holder: object, stepId: string) {
    super(holder);
    this.#stepId = stepId;
  }

  static of(holder: object): string | undefined {
    return #stepId in holder ? holder.#stepId : undefined;
  }
}
