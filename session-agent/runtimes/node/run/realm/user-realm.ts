import vm from 'node:vm';

/** The name of the script that calls every step: the frames below it are the driver's. */
export const callerFilename = 'steppe:call';

/** The global object of user code. The driver runs in another realm, with built-ins of its own. */
const userGlobal: typeof globalThis = new vm.Script('globalThis').runInThisContext();

/** Built-ins of the realm of user code, as they were before any of it ran. */
export const userRealm = {
  global: userGlobal,
  Error: userGlobal.Error,
  RangeError: userGlobal.RangeError,
  SyntaxError: userGlobal.SyntaxError,
  TypeError: userGlobal.TypeError,
  arrayPrototype: userGlobal.Array.prototype,
  functionPrototype: userGlobal.Function.prototype,
  objectPrototype: userGlobal.Object.prototype,
};

// Only syntax, which no replaced `then` can change: an `await` in the promise's own realm.
const awaitInUserRealm: <T>(
  promise: PromiseLike<T>,
  onValue: (value: T) => void,
  onError: (error: unknown) => void,
) => void = new vm.Script(
  `async (promise, onValue, onError) => {
    let value
    try { value = await promise } catch (error) { onError(error); return }
    onValue(value)
  }`,
  { filename: callerFilename },
).runInThisContext();

/**
 * Awaits a promise of user code. The value is wrapped, because it may be an object with a method
 * `then`.
 */
export function settled<T>(promise: PromiseLike<T>): Promise<{ value: T }> {
  return new Promise((resolve, reject) =>
    awaitInUserRealm(promise, (value) => resolve({ value }), reject),
  );
}

/** Makes a function of the driver look like one of the user's realm. */
export function exposed<T extends object>(callable: T): T {
  return Object.setPrototypeOf(callable, userRealm.functionPrototype);
}

/** A copy of the user's array that is made without its iterator, which user code may replace. */
export function ownArray<T>(list: ArrayLike<T>): T[] {
  return Array.from({ length: list.length }, (_, index) => list[index] as T);
}
